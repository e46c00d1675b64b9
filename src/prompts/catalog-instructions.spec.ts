import { CatalogInstructions, defaultInstructions } from './catalog-instructions';

describe('the official instructions', () => {
  const instructions = new CatalogInstructions();

  it('are the text of the catalog', async () => {
    expect(await instructions.officialFor('m', 'Be a coder.')).toBe('Be a coder.');
  });

  it.each([undefined, '', ' \n'])('are a short default when the catalog says %j', async (text) => {
    expect(await instructions.officialFor('m', text)).toBe(defaultInstructions);
    expect(defaultInstructions).not.toBe('');
  });
});

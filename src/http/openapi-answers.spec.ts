import { z } from 'zod';
import { answerSchemas, contentOf, namedAnswer } from './openapi-answers';

it('schemas of answers have a name each, under which the reference has them once', () => {
  const schema = namedAnswer('OfThisSuite', z.object({ id: z.string() }));
  expect(answerSchemas()['OfThisSuite']).toMatchObject({ type: 'object', required: ['id'] });
  expect(contentOf({ 'application/json': schema })).toEqual({
    'application/json': { schema: { $ref: '#/components/schemas/OfThisSuite' } },
  });
  expect(() => namedAnswer('OfThisSuite', z.string())).toThrow('Two schemas of answers are called OfThisSuite.');
  expect(() => contentOf({ 'application/json': z.string() })).toThrow('has no name');
});

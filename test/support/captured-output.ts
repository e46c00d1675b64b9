/** What a command prints, instead of the terminal; anew for each test of the suite that owns this. */
export class CapturedOutput {
  out = '';
  err = '';

  /** @param printed told each piece of stdout. */
  constructor(printed: (piece: string) => void = () => undefined) {
    beforeEach(() => {
      this.out = '';
      this.err = '';
      jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
        this.out += String(text);
        printed(String(text));
        return true;
      });
      jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
        this.err += String(text);
        return true;
      });
    });
    afterEach(() => jest.restoreAllMocks());
  }
}

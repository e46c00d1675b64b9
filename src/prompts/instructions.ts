/** Port and seam of PromptsModule: the official text for a model. The next issue adds the GitHub source and the caches. */
export abstract class Instructions {
  /**
   * @param fromCatalog the prompt of the model's catalog entry, if it has one.
   * @returns never empty: the catalog's text, else the family's prompt file, else a short default.
   */
  abstract officialFor(slug: string, fromCatalog: string | undefined): Promise<string>;
}

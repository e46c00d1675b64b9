/** Rows under their titles, columns as wide as their widest cell; null is shown as a dash. */
export function textTable(
  titles: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): readonly string[] {
  const cells = [titles, ...rows.map((row) => row.map((cell) => String(cell ?? '-')))];
  const widths = titles.map((_, at) => Math.max(...cells.map((line) => line[at]?.length ?? 0)));
  return cells.map((line) =>
    line
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

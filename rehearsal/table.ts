/**
 * Lines of a table for a terminal.
 * @param rows - the first one is the head; cells of the columns in `right` are set to the right.
 */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): readonly string[] {
  const widths = rows.reduce<number[]>(
    (all, row) => row.map((cell, column) => Math.max(cell.length, all[column] ?? 0)).concat(all.slice(row.length)),
    [],
  );
  const line = (row: readonly string[]) =>
    widths
      .map((width, column) =>
        right.includes(column) ? (row[column] ?? "").padStart(width) : (row[column] ?? "").padEnd(width),
      )
      .join("  ")
      .trimEnd();
  const [head = [], ...body] = rows;
  return [line(head), widths.map((width) => "-".repeat(width)).join("  "), ...body.map(line)];
}

/** Minutes with one digit behind the point, from seconds. */
export function minutes(seconds: number): string {
  return (seconds / 60).toFixed(1);
}

/** What a file may cost to read. A file beyond a limit is refused with a diagnostic; nothing is cut off in silence. */
export const YAML_LIMITS = {
  /** Size of the text in bytes (UTF-8). */
  bytes: 5 * 1024 * 1024,
  /** Maps and lists inside each other. */
  depth: 100,
  /** Values in the document after aliases are followed; stops alias bombs. */
  nodes: 200_000,
} as const

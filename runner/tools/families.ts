import type { BuiltInTool } from './define-tool.ts'

/** Tools that are loaded when a workflow names one of them. */
export interface ToolFamily {
  /** Every name and other name of its tools; a test compares them. */
  readonly names: readonly string[]
  readonly load: () => Promise<readonly BuiltInTool[]>
}

/** The families, in the order in which they are documented; after the tools that are always there. */
export const TOOL_FAMILIES: readonly ToolFamily[] = []

/** Tools of the families that any of the names may mean, in order. */
export async function loadFamilies(names: Iterable<string>): Promise<readonly BuiltInTool[]> {
  const wanted = [...names]
  const loaded = TOOL_FAMILIES.filter((family) => family.names.some((name) => wanted.some(means(name))))
  return (await Promise.all(loaded.map(({ load }) => load()))).flat()
}

/** A name that starts with `_` can be a piece of a tool's name; see `createToolRegistry`. */
function means(name: string): (written: string) => boolean {
  return (written) =>
    written === name || (written.startsWith('_') && `_${name}`.includes(written.replace(/^_+/, '_')))
}

import { existsSync, readdirSync, readFileSync } from 'node:fs'

const FIXTURES = new URL('../../../fixtures/oracle/codemie/', import.meta.url)

/** One recorded observation: what went in, and what came out or went wrong. */
export interface Vector<Input, Output> {
  readonly id: string
  readonly input: Input
  readonly output?: Output
  readonly error?: { readonly type: string; readonly message: string }
  readonly tags?: readonly string[]
}

/** The recorded vectors of one function. */
export function readVectors<Input, Output>(name: string): readonly Vector<Input, Output>[] {
  const text = readFileSync(new URL(`vectors/${name}.jsonl`, FIXTURES), 'utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Vector<Input, Output>)
}

/** Recorded traces that hold a graph, where the traces are in the repository. */
export function readTraceGraphs(): readonly {
  readonly name: string
  readonly yaml: string
  readonly graph: UpstreamGraph
}[] {
  const folder = new URL('traces/', FIXTURES)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => ({ name, ...JSON.parse(readFileSync(new URL(name, folder), 'utf8')) }))
}

/** Verdict and graph of CodeMie's own templates, by file. */
export function readTemplateGraphs(): Readonly<
  Record<string, { readonly valid: boolean; readonly graph: UpstreamGraph | null }>
> {
  return JSON.parse(readFileSync(new URL('template-graphs.json', FIXTURES), 'utf8'))
}

export interface UpstreamGraph {
  readonly nodes: readonly string[]
  readonly edges: readonly (readonly [string, string])[]
  readonly deferred?: readonly string[]
  readonly map_targets?: readonly string[]
}

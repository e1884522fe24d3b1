import { compareDiagnostics, type Diagnostic } from '../schema/diagnostic.ts'
import { readWorkflow } from '../schema/read.ts'
import { checkNeeds } from './needs.ts'
import type { Project } from './project.ts'
import type { World } from './world.ts'

/**
 * How a file of CodeMie runs here. `unchanged`: as it stands; `note`: so, too, and there is something to know; `mapping`: when the
 * project says what stands for something that it names; `invalid`: not at all, as in CodeMie.
 */
export type Verdict = 'unchanged' | 'note' | 'mapping' | 'invalid'

export interface UpstreamFile {
  readonly file: string
  readonly verdict: Verdict
  /** What stands behind the verdict, in the order of the file. */
  readonly diagnostics: readonly Diagnostic[]
}

const MAPPED: ReadonlySet<string> = new Set([
  'tool-not-provided',
  'integration-missing',
  'mcp-server-not-usable',
  'stored-assistant-missing',
  'skill-missing',
  'datasource-missing',
])

/** Looks how a definition would run in a project. Reads files of the project; calls nobody. */
export async function checkUpstream(
  source: { readonly file: string; readonly bytes: Uint8Array },
  project: Project,
  world: World,
): Promise<UpstreamFile> {
  const { workflow, diagnostics: own } = readWorkflow(source)
  const needs = workflow ? await checkNeeds(workflow, project, world) : []
  const diagnostics = [...own, ...needs]
    .filter(({ severity }) => severity !== 'info')
    .sort(compareDiagnostics)
  return { file: source.file, verdict: verdictOf(diagnostics), diagnostics }
}

/** Whether files of the project or its config solve a problem, and not the definition. */
export function wantsMapping({ code }: Diagnostic): boolean {
  return MAPPED.has(code)
}

function verdictOf(diagnostics: readonly Diagnostic[]): Verdict {
  if (diagnostics.some((one) => one.severity === 'error' && !wantsMapping(one))) return 'invalid'
  if (diagnostics.some(wantsMapping)) return 'mapping'
  return diagnostics.length > 0 ? 'note' : 'unchanged'
}

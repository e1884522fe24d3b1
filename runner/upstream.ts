import { compareDiagnostics, type Diagnostic } from '../schema/diagnostic.ts'
import { type ReadResult, readWorkflows } from '../schema/read.ts'
import { readRoleFile } from '../schema/role-file.ts'
import type { StoredAssistant } from './assistant-files.ts'
import { checkNeeds } from './needs.ts'
import { isListed, type Project } from './project.ts'
import type { World } from './world.ts'

/**
 * How a file of CodeMie or Octomind runs here. `unchanged`: as it stands; `note`: so, too, and there is something to know; `mapping`: when the
 * project says what stands for something that it names; `invalid`: not at all, as in the system that it comes from.
 */
export type Verdict = 'unchanged' | 'note' | 'mapping' | 'invalid'

export interface UpstreamFile {
  readonly file: string
  /** Which of several in the file. Absent: it is the only one. */
  readonly workflow?: string
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
  'agent-not-allowed',
  'program-not-allowed',
])

/** A file that was not written for this project. */
export interface UpstreamSource {
  readonly file: string
  readonly bytes: Uint8Array
}

/**
 * Looks how definitions would run in a project, each workflow of a file for itself. Roles of any of the files are there for all
 * of them. Reads files of the project; calls nobody.
 */
export async function checkUpstream(
  sources: readonly UpstreamSource[],
  project: Project,
  world: World,
): Promise<readonly UpstreamFile[]> {
  const roles = new Map(sources.flatMap(rolesOf).map((role) => [role.assistant?.id, role]))
  const host: Project = {
    ...project,
    assistant: async (id) => (await project.assistant(id)) ?? roles.get(id),
  }
  const checked: UpstreamFile[] = []
  for (const source of sources) {
    const all = readWorkflows(source).filter(({ workflow, meta }) => isListed({ id: meta.id, workflow }))
    for (const read of all) checked.push(await checkOne(source.file, read, all.length > 1, host, world))
  }
  return checked
}

async function checkOne(
  file: string,
  { workflow, diagnostics: own, meta }: ReadResult,
  isOneOfSeveral: boolean,
  project: Project,
  world: World,
): Promise<UpstreamFile> {
  const needs = workflow ? await checkNeeds(workflow, project, world) : []
  const diagnostics = [...own, ...needs]
    .filter(({ severity }) => severity !== 'info')
    .sort(compareDiagnostics)
  const which = isOneOfSeveral ? { workflow: meta.id } : {}
  return { file, ...which, verdict: verdictOf(diagnostics), diagnostics }
}

function rolesOf({ file, bytes }: UpstreamSource): readonly StoredAssistant[] {
  if (!/\.toml$/i.test(file)) return []
  return readRoleFile({ file, bytes }).map((assistant) => ({ file, assistant, diagnostics: [] }))
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

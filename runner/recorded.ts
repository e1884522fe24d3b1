import { readWorkflow, type Workflow } from '../schema/index.ts'
import { readRecordedFiles } from './attachments/attached-file.ts'
import type { FindWorkflow } from './calls.ts'
import type { RunInput } from './engine/step.ts'
import type { RunEvent } from './events.ts'
import { Refusal } from './failure.ts'
import { resolveCommit } from './git/revision.ts'
import type { Project } from './project.ts'
import type { RunActor, RunManifest } from './store/manifest.ts'
import type { Warn } from './store/run-home.ts'
import type { ResumedRun, RunStore } from './store/store.ts'

/** Reads a definition as a record holds it. Refuses with `definition-invalid` when this version does not read it. */
export function readRecorded(runId: string, file: string, text: string, part?: string): Workflow {
  const { workflow, diagnostics } = readWorkflow({ file, text, ...(part === undefined ? {} : { part }) })
  if (workflow) return workflow
  throw new Refusal('definition-invalid', `The definition in the record of ${runId} is not valid here`, {
    help: diagnostics[0]?.message ?? 'It was written by another version.',
  })
}

/** Finds called workflows in the record, as they were when the run started. */
export function findRecorded({
  manifest,
  calledTexts,
}: Pick<ResumedRun, 'manifest' | 'calledTexts'>): FindWorkflow {
  return async (name) => {
    const call = manifest.workflow.calls?.find((one) => one.name === name)
    const text = calledTexts.get(name)
    if (!call || text === undefined) {
      throw new Refusal('unknown-workflow', `The record holds no definition of the workflow '${name}'`)
    }
    return { file: call.file, workflow: readRecorded(manifest.id, call.file, text, call.id) }
  }
}

/**
 * The project for going on with a run, or doing it again, with its recorded definition: stored assistants and skills come
 * from the commit that the definition was taken from, where it was; a commit that is not here is told when one of them is needed.
 */
export async function projectOfRun(
  project: Project,
  { workflow: { revision, earlier } }: RunManifest,
  warn: Warn,
): Promise<Project> {
  if (revision === undefined || earlier !== undefined) return project
  try {
    const there = await project.at(await resolveCommit(project.repository.git, revision))
    const { assistant, assistantIds, skill, skillIds } = there
    return { ...project, assistant, assistantIds, skill, skillIds }
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'unknown-revision') throw error
  }
  const message = `Commit ${revision.slice(0, 12)}, which the definition was taken from, is not here; stored assistants and skills are those of the working tree`
  const told =
    <T>(find: (id: string) => Promise<T>) =>
    (id: string) => {
      warn({ code: 'revision-missing', message })
      return find(id)
    }
  return { ...project, assistant: told(project.assistant), skill: told(project.skill) }
}

/** Who sits at this machine, as git knows them; nobody where git knows none. */
export async function gitActor(records: RunStore): Promise<RunActor | undefined> {
  const { user } = await records.state()
  return user && { ...user, source: 'git' }
}

/** What a run was started with and keeps through every resumption. */
export function settingsOf(events: readonly RunEvent[]): {
  readonly model?: string
  readonly strict?: boolean
  readonly force?: boolean
} {
  const started = events.find((event) => event.type === 'run-started')
  return {
    ...(started?.model === undefined ? {} : { model: started.model }),
    ...(started?.strict === undefined ? {} : { strict: started.strict }),
    ...(started?.force === undefined ? {} : { force: started.force }),
  }
}

/**
 * The input of a run as its record holds it. Refuses with `file-missing` when the record lacks a file.
 *
 * @param contents of files, by path in the record.
 */
export function readRecordedInput(
  inputs: Readonly<Record<string, unknown>>,
  contents: ReadonlyMap<string, Uint8Array>,
): RunInput {
  const { text, fileNames } = inputs
  const files = readRecordedFiles(inputs['files'], contents)
  return {
    text: typeof text === 'string' ? text : '',
    fileNames: Array.isArray(fileNames) ? fileNames.filter((name) => typeof name === 'string') : [],
    ...(files.length > 0 ? { files } : {}),
  }
}

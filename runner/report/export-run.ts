import { digestRun, outcomeOf, type StepDigest } from '../store/digest-run.ts'
import type { StoredRun } from '../store/read-run.ts'
import { GRAPH_FILE } from '../store/record.ts'
import { renderOutput, renderRunReadme } from './run-readme.ts'

/** A run as one object: its manifest, its inputs as the record holds them, and every step with all its attempts. */
export function exportJson(run: StoredRun): Readonly<Record<string, unknown>> {
  const { steps, output, warnings, said, failure } = digestRun(run.events)
  const inputs: unknown = JSON.parse(Buffer.from(run.files.get('inputs.json') ?? '{}').toString())
  return { ...run.manifest, inputs, steps, output, warnings, said, failure }
}

/** The page of a run, with the whole output of every step after it. What models wrote is shown as text. */
export function exportMarkdown(run: StoredRun): string {
  const digest = digestRun(run.events)
  const graph = run.files.get(GRAPH_FILE)
  const page = renderRunReadme(
    run.manifest,
    digest,
    graph === undefined ? undefined : Buffer.from(graph).toString(),
  )
  const outputs = digest.steps.map(
    (step) => `### ${headingOf(step.path)}\n\n${renderOutput(outcomeOf(step))}`,
  )
  return `${[page.trimEnd(), '## Outputs', ...outputs].join('\n\n')}\n`
}

/**
 * The files of an archive as CodeMie's export names them: one for each step,
 * `<time>_<step>_<status>.md` in small letters; or one for all, `<workflow>_<run id>.md`. JSON is indented by four.
 * Names hold nothing that leads out of a folder.
 */
export function exportFiles(run: StoredRun, isCombined: boolean): ReadonlyMap<string, string> {
  const { manifest, events } = run
  const digest = digestRun(events)
  const endedAt = new Map<string, string>()
  for (const event of events)
    if (event.type === 'step-finished' || event.type === 'attempt-failed') endedAt.set(event.path, event.at)
  const rows = digest.steps.map((step) => ({
    name: `${step.path}_${STATUS[step.status]}`,
    at: endedAt.get(step.path) ?? manifest.startedAt,
    body: indented(outcomeOf(step)),
  }))
  if (isCombined) {
    const text = rows.map(({ name, body }) => `## ${name}\n\n${body}\n`).join('\n')
    return new Map([[`${archiveName(run)}.md`, text]])
  }
  const files = new Map<string, string>()
  for (const { name, at, body } of rows) {
    const time = at.slice(0, 23).replace('T', '_').replaceAll(':', '-')
    const path = safeName(`${time}_${name}`).toLowerCase()
    files.set(files.has(`${path}.md`) ? `${path}-${files.size}.md` : `${path}.md`, `${body}\n`)
  }
  return files
}

/** `<workflow>_<run id>`, safe as the name of a file. */
export function archiveName({ manifest }: StoredRun): string {
  return safeName(`${manifest.workflow.name}_${manifest.id}`)
}

/** CodeMie's words. */
const STATUS: Readonly<Record<StepDigest['status'], string>> = {
  finished: 'Succeeded',
  failed: 'Failed',
  unfinished: 'Aborted',
}

const LONGEST_NAME = 180

function safeName(text: string): string {
  const plain = text.replace(/[^\p{L}\p{N} ._@#()[\]-]/gu, '_').replace(/^[.\s]+/, '_')
  // The end tells names apart.
  return plain.length <= LONGEST_NAME ? plain : `${plain.slice(0, 120)}_${plain.slice(-50)}`
}

function indented(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text
  try {
    return JSON.stringify(JSON.parse(text), undefined, 4)
  } catch {
    return text
  }
}

function headingOf(path: string): string {
  return `\`${path.replaceAll('`', "'")}\``
}

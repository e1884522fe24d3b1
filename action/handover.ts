import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Refusal } from '../runner/failure.ts'
import type { Project } from '../runner/project.ts'
import { openRecords } from '../runner/records.ts'
import { count } from '../runner/report/plain-text.ts'
import type { World } from '../runner/world.ts'
import { shorten } from './cut.ts'
import { type HandoverReport, MOST_REPORT_CHARACTERS, REPORT_FILE } from './handover-report.ts'
import type { Job } from './job.ts'

/** What a handover may hold, and what a single file of it: a publisher looks at no larger one. Bytes and files. */
export const HANDOVER_LIMITS = {
  files: 2000,
  fileBytes: 12 * 1024 * 1024,
  bytes: 48 * 1024 * 1024,
  archiveBytes: 16 * 1024 * 1024,
} as const

/** Runs whose records are handed over. */
const FINISHED: ReadonlySet<string> = new Set(['succeeded', 'failed', 'budget-exceeded'])

/** What a handover is made from. */
interface HandoverPlace {
  readonly world: World
  readonly job: Job
  readonly redact: (text: string) => string
  readonly project: Project
}

/** A run, and what became of it. */
interface EndedRun {
  readonly id: string
  readonly status: string
}

/**
 * Leaves behind what a job has to tell that may only read, for one that may write (`mode: publish`): a folder with the
 * report, and a folder for each record by its run's id. The output `artifact` names it; the workflow file uploads it. Runs that
 * wait or were cut off are left out, for nobody goes on with those of strangers. What cannot be written is a warning.
 */
export async function writeHandover(
  place: HandoverPlace,
  report: Omit<HandoverReport, 'schema'>,
  runs: readonly EndedRun[] = [],
): Promise<void> {
  const { world, job, redact } = place
  try {
    const folder = await mkdtemp(join(world.env['RUNNER_TEMP'] || tmpdir(), 'codemie-handover-'))
    const text = shorten(redact(report.text), MOST_REPORT_CHARACTERS)
    const whole: HandoverReport = { ...report, schema: 1, text }
    await writeFile(join(folder, REPORT_FILE), `${JSON.stringify(whole, undefined, 2)}\n`)
    await writeRecords(place, folder, runs)
    job.setOutput('artifact', folder)
    job.log(`Handed over for \`mode: publish\`: ${folder}`)
  } catch (error) {
    const isExpected = error instanceof Refusal || (error as NodeJS.ErrnoException).syscall !== undefined
    if (!isExpected) throw error
    job.say('warning', 'Not handed over', (error as Error).message)
  }
}

async function writeRecords(
  { world, job, redact, project }: HandoverPlace,
  folder: string,
  runs: readonly EndedRun[],
): Promise<void> {
  const finished = runs.filter(({ status }) => FINISHED.has(status))
  if (finished.length === 0) return
  const store = await openRecords({ project, world }, () => {})
  // Room for the report.
  let [files, bytes, left] = [1, 256 * 1024, 0]
  for (const { id } of finished) {
    const contents = [...(await store.read(id)).files]
    // What the job knows and its run did not: a run of a stranger gets no secret, and so cannot take one out.
    if (contents.some(([, content]) => showsSecret(content, redact))) {
      job.say('warning', 'Not handed over', `A secret of the job shows in the record of run ${id}.`)
      continue
    }
    files += contents.length
    bytes += contents.reduce((sum, [, { length }]) => sum + length, 0)
    if (files > HANDOVER_LIMITS.files || bytes > HANDOVER_LIMITS.bytes) left++
    else for (const [path, content] of contents) await writeInto(join(folder, id, path), content)
  }
  if (left > 0) job.log(`${count(left, 'record')} did not fit into what is handed over.`)
}

async function writeInto(path: string, content: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
}

function showsSecret(content: Uint8Array, redact: (text: string) => string): boolean {
  const text = Buffer.from(content).toString('utf8')
  return redact(text) !== text
}

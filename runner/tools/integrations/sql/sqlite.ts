import { existsSync, rmdirSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { StepFailure } from '../../../failure.ts'
import { badArgument } from '../../define-tool.ts'
import { readInRoot, resolveForWrite, resolveInRoot } from '../../root.ts'
import { rejectWhenAborted } from '../../time-limit.ts'
import type { ToolContext } from '../../tool.ts'
import { badSetting } from '../bad-setting.ts'
import { integrationOf } from '../rest.ts'
import { RowCollector } from './answer.ts'
import type { SqlDriver, SqlRequest } from './driver.ts'
import { mistaken, readOnlyVerdict } from './failure.ts'

/** What the thread says of a statement. */
type Told =
  | {
      readonly names: readonly string[]
      readonly rows: readonly (readonly unknown[])[]
      /** The row that came next was too long. */
      readonly isCut: boolean
      readonly changed?: number
    }
  | { readonly error: string; readonly isSeveral?: true }

/** Beside this file, and where it is built beside a file that it brings along. */
const WORKER = new URL(process.env['CODEMIE_CI_SQLITE_WORKER'] ?? './sqlite-worker.mjs', import.meta.url)

/** What is going on with each file; statements on one wait for each other. */
const busy = new Map<string, Promise<unknown>>()

/** Runs a statement on a SQLite file of the repository. */
export const runOnSqlite: SqlDriver = async (request, context) => {
  const { place, isWal } = await findFile(request, context)
  const before = busy.get(place.absolute) ?? Promise.resolve()
  const work = before.catch(() => {}).then(() => inThread(place.absolute, request, context))
  busy.set(place.absolute, work)
  try {
    const told = await work
    if ('error' in told) throw failureOf(request, context, { ...told, file: place.relative, isWal })
    const { maxRows } = request
    const rows = new RowCollector({ maxRows, maxBytes: context.policy.maxOutputBytes })
    for (const row of told.rows) rows.add(row)
    const answer = rows.answer(told.names, told.changed)
    return told.isCut && answer.cutBy === undefined ? { ...answer, cutBy: 'bytes' } : answer
  } finally {
    if (busy.get(place.absolute) === work) busy.delete(place.absolute)
  }
}

async function findFile({ tool, mayWrite }: SqlRequest, context: ToolContext) {
  const integration = integrationOf(context)
  const { path } = integration.options
  if (typeof path !== 'string') throw badSetting(integration, 'options.path', 'is missing')
  const use = { tool, argument: `integrations.${integration.alias}.options.path` }
  const place = await (mayWrite ? resolveForWrite : resolveInRoot)(context, path, use)
  if (mayWrite && !existsSync(place.absolute)) return { place, isWal: false }
  // Bytes 18 and 19 of the header. Source: the file format of SQLite, section 1.3.
  const { bytes } = await readInRoot(place, use, 20)
  return { place, isWal: bytes[18] === 2 }
}

async function inThread(path: string, request: SqlRequest, { signal, policy }: ToolContext): Promise<Told> {
  signal.throwIfAborted()
  const { mayWrite, statement, parameters, maxRows } = request
  const worker = new Worker(WORKER, {
    workerData: { path, mayWrite, statement, parameters, maxRows, maxBytes: policy.maxOutputBytes },
    env: {},
    execArgv: [],
  })
  const told = new Promise<Told>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('the thread of SQLite ended without an answer')))
  })
  const ended = rejectWhenAborted(signal)
  told.catch(() => {})
  ended.catch(() => {})
  try {
    return await Promise.race([told, ended])
  } finally {
    await worker.terminate()
    if (signal.aborted && mayWrite) removeLock(path)
  }
}

/** A thread that was ended leaves its lock behind; the next statement finds its journal and takes back what was half done. */
function removeLock(path: string): void {
  try {
    rmdirSync(`${path}.lock`)
  } catch {
    // There was none.
  }
}

interface Complaint {
  readonly error: string
  readonly isSeveral?: true
  readonly file: string
  readonly isWal: boolean
}

function failureOf({ tool }: SqlRequest, context: ToolContext, complaint: Complaint): StepFailure {
  const { error, isSeveral, file, isWal } = complaint
  if (isSeveral) return badArgument(tool, 'query', 'holds several statements', 'Give one statement a call.')
  const { alias } = integrationOf(context)
  const [, verdictOf] = VERDICTS.find(([pattern]) => pattern.test(error)) ?? []
  const verdict: Verdict = isWal ? WAL : (verdictOf ?? mistaken)(alias)
  return new StepFailure('tool-failed', `${tool}: ${file}: ${error.slice(0, 500)}`, verdict)
}

type Verdict = { blame: StepFailure['blame']; retryable?: boolean; help: string }

const WAL: Verdict = {
  blame: 'user',
  help: 'The file is in WAL mode, which is not read here. Change it with: sqlite3 <file> "PRAGMA journal_mode = DELETE".',
}
/** Who has to act, by what SQLite says. */
const VERDICTS: readonly (readonly [RegExp, (alias: string) => Verdict])[] = [
  [/readonly database|not the database|unable to open database/, readOnlyVerdict],
  [
    /locked/,
    () => ({
      blame: 'infrastructure',
      retryable: true,
      help: 'Another program writes to it. When none does, delete the folder beside it whose name ends in .lock.',
    }),
  ],
  [/not a database|malformed/, () => ({ blame: 'user', help: 'Put a SQLite file there.' })],
  [
    /constraint/i,
    () => ({
      blame: 'tool',
      help: 'The database has a rule against such rows; look at what is to be written.',
    }),
  ],
  [/out of memory/, () => ({ blame: 'tool', help: 'Ask for less at once.' })],
]

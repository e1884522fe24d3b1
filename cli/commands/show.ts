import type { RunEvent } from '../../runner/events.ts'
import { Refusal } from '../../runner/failure.ts'
import { TRUST_WORDS } from '../../runner/report/run-readme.ts'
import { describeSaid } from '../../runner/report/said-words.ts'
import { describeShards } from '../../runner/report/shard-words.ts'
import { isTimed, timingOf } from '../../runner/report/step-timing.ts'
import {
  type AttemptDigest,
  countFinished,
  digestRun,
  type RunDigest,
  type SaidDigest,
  type StepDigest,
} from '../../runner/store/digest-run.ts'
import type { RunManifest } from '../../runner/store/manifest.ts'
import type { RunAccount } from '../../runner/store/read-account.ts'
import type { RunReader } from '../../runner/store/reader.ts'
import { parseJsonObject } from '../../schema/json-object.ts'
// Not through the index of the room: it would load all that reading a record does not need.
import { helpWithName } from '../../schema/nearest.ts'
import type { CommandRunner } from '../command.ts'
import type { Cli } from '../context.ts'
import { EXIT } from '../exit-status.ts'
import type { Invocation } from '../invocation.ts'
import { openReaderFor } from '../reader.ts'
import { renderProblem } from '../report-error.ts'
import { effectLines } from '../ui/effect-lines.ts'
import { describeSpent } from '../ui/entry-lines.ts'
import { printJson } from '../ui/json.ts'
import { formatDuration, formatTime } from '../ui/numbers.ts'
import type { Palette } from '../ui/palette.ts'
import { count, displayWidth, oneLine, padEnd, shorten, stripControls } from '../ui/plain-text.ts'
import { readableOutput } from '../ui/readable-output.ts'
import { describeSilence } from '../ui/silence.ts'
import { headOf, renderNext, renderStatus, waysOn } from '../ui/summary.ts'
import { usageError } from '../usage-error.ts'

/** Lines of the result that an overview shows. */
const HEAD_LINES = 24
/** More steps of one state in a row than this are shown as one line. */
const FEW = 6

/** `codemie-ci show`: a run as its record tells it, what one step put out, its journal, or a run while it goes on. */
export const show: CommandRunner = async (invocation, cli) => {
  const reader = openReaderFor(cli)
  const isJson = invocation.flag('json')
  if (wantsFollowing(invocation)) {
    const { follow } = await import('../follow.ts')
    return await follow(invocation, cli, reader, (account, shown) => {
      if (!invocation.flag('jsonl')) showRun(account, isJson, shown)
    })
  }
  const account = await readAnywhere(invocation, cli, reader)
  const { manifest, events } = account
  const path = invocation.argument('step')
  const step = path === undefined ? undefined : findStep(digestRun(events), path, manifest.id)
  if (invocation.flag('journal')) {
    const { writeJournal } = await import('../ui/journal-lines.ts')
    writeJournal(path === undefined ? events : eventsOf(events, path), cli.stdout, isJson)
    return EXIT.done
  }
  if (step !== undefined) {
    const attempt = pickAttempt(step, invocation.text('attempt'))
    if (isJson) printJson(cli, attempt === undefined ? step : { ...step, attempts: [attempt] })
    else {
      if (attempt === undefined && step.attempts.length > 1) cli.stderr.write(`${attemptsLine(step)}\n`)
      writeStep(step, attempt, cli.stdout.write.bind(cli.stdout), cli.look.stdout)
    }
    return EXIT.done
  }
  if (invocation.text('attempt') !== undefined) {
    throw usageError(
      '--attempt needs a step.',
      `For example codemie-ci show ${manifest.id} <step> --attempt 1`,
    )
  }
  showRun(account, isJson, cli)
  return EXIT.done
}

function wantsFollowing(invocation: Invocation): boolean {
  const isFollowed = invocation.flag('follow')
  const isOther = invocation.argument('step') !== undefined || invocation.text('attempt') !== undefined
  if (isFollowed && (isOther || invocation.flag('journal')))
    throw usageError('--follow is for a whole run.', 'Give no step, no --attempt and no --journal.')
  if (invocation.flag('jsonl') && !isFollowed)
    throw usageError('--jsonl needs --follow.', 'Without it: --journal --json')
  if (invocation.flag('jsonl') && invocation.flag('json'))
    throw usageError('--json and --jsonl exclude each other.', 'Both write to standard output.')
  return isFollowed
}

/** A run that is not in this repository is looked for on the remote. */
async function readAnywhere(invocation: Invocation, cli: Cli, reader: RunReader): Promise<RunAccount> {
  const id = invocation.required('run')
  try {
    return await reader.read(id)
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'no-such-run') throw error
    // Loaded only here: most runs that are asked for are at hand.
    const [{ openProjectFor }, { openRecordsFor }] = await Promise.all([
      import('../project.ts'),
      import('../records.ts'),
    ])
    await (await openRecordsFor(await openProjectFor(invocation, cli), cli)).read(id)
    return await reader.read(id)
  }
}

function showRun(
  { manifest, events, inputs: given, where, seenAt }: RunAccount,
  isJson: boolean,
  cli: Cli,
): void {
  const digest = digestRun(events)
  const inputs = readInputs(given)
  const files = readFileNames(given)
  if (isJson) {
    const { steps, output, warnings, heldBefore, asks, approvals, said, effects, failure } = digest
    const about = {
      where,
      seenAt,
      input: inputs,
      files,
      steps,
      output,
      warnings,
      heldBefore,
      asks,
      approvals,
      said,
      ...(effects.length > 0 ? { effects } : {}),
    }
    printJson(cli, { ...manifest, ...about, failure })
    return
  }
  const silence =
    manifest.status === 'running' && seenAt !== undefined
      ? describeSilence(seenAt, cli.world.now())
      : undefined
  cli.stdout.write(
    renderRun(manifest, digest, { inputs, files }, silence, cli.look.stdout, cli.stdout.columns ?? 100),
  )
}

/** What a yes is asked for; the record's README has more of them. */
const MOST_ASKS = 5

/** What tries there are, for people who see only the last one. */
function attemptsLine({ attempts }: StepDigest): string {
  const each = attempts.map(({ attempt, failure }) =>
    failure === undefined ? `${attempt} finished` : `${attempt} failed (${oneLine(failure.code)})`,
  )
  return `${count(attempts.length, 'attempt')}: ${each.join(', ')}. --attempt N shows one of them.`
}

function findStep(digest: RunDigest, path: string, runId: string): StepDigest {
  const step = digest.steps.find((one) => one.path === path)
  if (step) return step
  const paths = digest.steps.map((one) => one.path)
  throw new Refusal('no-such-step', `Run ${runId} has no step '${path}'`, {
    help: helpWithName(path, paths),
  })
}

function eventsOf(events: readonly RunEvent[], path: string): readonly RunEvent[] {
  return events.filter((event) => 'path' in event && event.path === path)
}

/** The try that was asked for; `undefined`: none, and the last one counts. */
function pickAttempt(step: StepDigest, typed: string | undefined): AttemptDigest | undefined {
  if (typed === undefined) return undefined
  const found = step.attempts.find(({ attempt }) => String(attempt) === typed)
  if (found) return found
  throw new Refusal('no-such-attempt', `Step ${step.path} has no attempt '${oneLine(typed)}'`, {
    help: `It has ${step.attempts.map(({ attempt }) => attempt).join(', ') || 'none'}.`,
  })
}

function writeStep(
  step: StepDigest,
  attempt: AttemptDigest | undefined,
  write: (text: string) => void,
  palette: Palette,
): void {
  const last = attempt ?? step.attempts.at(-1)
  if (last?.output !== undefined) {
    const text = stripControls(readableOutput(last.output))
    write(text.endsWith('\n') ? text : `${text}\n`)
  } else if (last?.failure) write(renderProblem(last.failure, palette))
  else write(`The step ${step.path} has no output: it was not finished.\n`)
}

/** The text that the run started with; JSON where it is JSON. Source: `inputs.json` of the record, `{text, fileNames}`. */
function readInputs(bytes: Uint8Array | undefined): unknown {
  if (!bytes) return undefined
  try {
    const { text } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { readonly text?: unknown }
    if (typeof text !== 'string' || text === '') return undefined
    try {
      return JSON.parse(text) as unknown
    } catch {
      return text
    }
  } catch {
    return undefined
  }
}

/** Names of the files that the run was given; `undefined`: none. */
function readFileNames(bytes: Uint8Array | undefined): readonly string[] | undefined {
  const { fileNames } = (bytes && parseJsonObject(Buffer.from(bytes).toString('utf8'))) ?? {}
  const names = Array.isArray(fileNames) ? fileNames.filter((name) => typeof name === 'string') : []
  return names.length === 0 ? undefined : names
}

function renderRun(
  manifest: RunManifest,
  digest: RunDigest,
  { inputs, files }: { readonly inputs: unknown; readonly files: readonly string[] | undefined },
  silence: string | undefined,
  palette: Palette,
  columns: number,
): string {
  const { bold, dim, symbols } = palette
  const { actor, trigger, repository, workflow } = manifest
  const spent = describeSpent(digest)
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['started', `${formatTime(manifest.startedAt)} UTC, ran ${formatDuration(digest.durationMs)}`],
    [
      'by',
      actor
        ? `${oneLine(actor.name)}${trigger.event === 'manual' ? '' : ` (${trigger.event})`}`
        : trigger.event === 'manual'
          ? undefined
          : trigger.event,
    ],
    ['trust', manifest.trust && TRUST_WORDS[manifest.trust]],
    ['workflow', describeWorkflow(workflow)],
    ['commit', describeCommit(repository)],
    [
      'repeats',
      manifest.origin &&
        `${manifest.origin.run}${manifest.origin.from === undefined ? '' : `, from ${oneLine(manifest.origin.from)}`}`,
    ],
    ['models', digest.models.length === 0 ? undefined : digest.models.map(oneLine).join(', ')],
    ['used', [count(countFinished(digest), 'step'), ...spent].join(` ${symbols.dot} `)],
    [
      'input',
      inputs === undefined
        ? undefined
        : shorten(
            oneLine(typeof inputs === 'string' ? inputs : JSON.stringify(inputs)),
            columns - 12,
            symbols.ellipsis,
          ),
    ],
    ['files', files?.map(oneLine).join(', ')],
    ['page', manifest.ciUrl],
    ['seen', silence],
  ]
  const status = manifest.status === 'running' ? digest.status : manifest.status
  const lines = [
    `${renderStatus(status, palette)} ${bold(oneLine(workflow.name))} ${dim(`${symbols.dot} run ${manifest.id}`)}`,
    ...facts.flatMap(([name, text]) =>
      text === undefined ? [] : [`  ${dim(name.padEnd(8))}  ${stripControls(text)}`],
    ),
    '',
    bold('Steps'),
    ...stepLines(digest.steps, { isMixed: digest.models.length > 1, columns }, palette),
  ]
  for (const { code, message, path, position } of digest.warnings) {
    const place = position ?? path
    const where = place === undefined ? '' : `${oneLine(place)}: `
    lines.push(`  ${palette.yellow(symbols.warning)} ${where}${oneLine(message)} ${dim(`[${code}]`)}`)
  }
  const timing = isTimed(workflow.file) ? timingOf(workflow.name, digest) : []
  if (timing.length > 0) lines.push('', bold('Timing'), ...timing.map((line) => dim(`  ${oneLine(line)}`)))
  if (digest.said.length > 0) {
    lines.push('', bold('What people said'), ...digest.said.map((one) => `  ${sayLine(one, palette)}`))
  }
  if (digest.effects.length > 0) {
    lines.push('', bold('What it asked to write'))
    lines.push(...effectLines(digest.effects, palette).map((line) => `  ${line}`))
  }
  if (digest.failure) lines.push('', renderProblem(digest.failure, palette).trimEnd())
  if (digest.heldBefore.length > 0) {
    const what = digest.needsApproval ? 'Waits for an approval before' : 'Waits before'
    lines.push('', `${what} ${digest.heldBefore.map(oneLine).join(', ')}`)
  }
  if (digest.shards) lines.push('', `Waits for ${oneLine(describeShards(digest.shards))}`)
  for (const { path, task, digest: id } of digest.asks.slice(0, MOST_ASKS)) {
    const { head, moreLines } = headOf(readableOutput(task), HEAD_LINES)
    lines.push('', `${bold(`What ${oneLine(path)} would do`)} ${dim(`[${id.slice(0, 12)}]`)}`)
    lines.push(...head.split('\n').map((line) => `  ${line}`.trimEnd()))
    if (moreLines > 0)
      lines.push(dim(`  ${symbols.ellipsis} ${count(moreLines, 'more line')}: --json has all`))
  }
  if (digest.asks.length > MOST_ASKS)
    lines.push(dim(`  ${symbols.ellipsis} and ${digest.asks.length - MOST_ASKS} more`))
  if (digest.output !== undefined) {
    const { head, moreLines } = headOf(readableOutput(digest.output), HEAD_LINES)
    lines.push('', bold('Result'), ...head.split('\n').map((line) => `  ${line}`.trimEnd()))
    const last = digest.steps.findLast((step) => step.attempts.some(({ output }) => output !== undefined))
    if (moreLines > 0 && last) {
      lines.push(
        dim(
          `  ${symbols.ellipsis} ${count(moreLines, 'more line')}: codemie-ci show ${manifest.id} ${last.path}`,
        ),
      )
    }
  }
  const next = status === 'running' ? [] : waysOn({ ...digest, runId: manifest.id, status })
  const after = next.length === 0 ? '' : `\n${renderNext(next, palette)}`
  return `${lines.join('\n')}\n${after}`
}

function sayLine({ at, what, about, text, edit, by }: SaidDigest, { dim }: Palette): string {
  const who = by === undefined ? 'somebody' : oneLine(by.name)
  const edited = edit === undefined ? '' : ', with an output of their own'
  const words = text === undefined ? '' : `: ${oneLine(text)}`
  return `${who} ${describeSaid({ what, about }, oneLine)}${edited}${words} ${dim(`${formatTime(at)} UTC`)}`
}

function describeWorkflow({ file, revision, earlier = [] }: RunManifest['workflow']): string {
  if (revision === undefined) return file
  return `${file} of commit ${revision.slice(0, 12)}${earlier.length === 0 ? '' : ', in the beginning'}`
}

function describeCommit({ commit, branch, changedFiles }: RunManifest['repository']): string {
  if (commit === undefined) return 'none yet'
  const where = branch === undefined ? 'detached' : branch
  const dirty = changedFiles === 0 ? '' : `, ${count(changedFiles, 'changed file')}`
  return `${commit.slice(0, 12)} (${where}${dirty})`
}

/** Columns that a step's name leaves to what is said of it, and that it may have however narrow the terminal is. */
const FACT_COLUMNS = 30
const NAME_COLUMNS = 40

/**
 * Steps in order; many of one state in a row are one line, and a name for which there is no room stands above its facts.
 * `isMixed`: several models answered, so each says which.
 */
function stepLines(
  steps: readonly StepDigest[],
  { isMixed, columns }: { readonly isMixed: boolean; readonly columns: number },
  palette: Palette,
): string[] {
  const groups: StepDigest[][] = []
  for (const step of steps) {
    const group = groups.at(-1)
    if (group?.[0]?.state === step.state) group.push(step)
    else groups.push([step])
  }
  const rows = groups.flatMap((group) => (group.length > FEW ? [group] : group.map((step) => [step])))
  const room = Math.max(NAME_COLUMNS, columns - FACT_COLUMNS)
  const widths = rows.map((row) => displayWidth(nameOf(row)))
  const width = Math.max(0, ...widths.filter((one) => one <= room))
  return rows.map((row) => stepLine(row, width, isMixed, palette))
}

function nameOf(row: readonly StepDigest[]): string {
  const [first] = row
  return oneLine((row.length > 1 ? first?.state : first?.path) ?? '')
}

function stepLine(row: readonly StepDigest[], width: number, isMixed: boolean, palette: Palette): string {
  const { dim, green, red, yellow, symbols } = palette
  const failed = row.filter(({ status }) => status === 'failed').length
  const open = row.filter(({ status }) => status === 'unfinished').length
  const sign = failed > 0 ? red(symbols.failed) : open > 0 ? yellow(symbols.paused) : green(symbols.done)
  const attempts = row.flatMap((step) => step.attempts)
  const durationMs = attempts.reduce((sum, attempt) => sum + (attempt.durationMs ?? 0), 0)
  const name = nameOf(row)
  const facts = [
    ...(row.length > 1 ? [`${row.length - failed - open} of ${row.length}`] : []),
    ...(attempts.length > row.length ? [count(attempts.length, 'attempt')] : []),
    ...(open === row.length ? ['not finished'] : [formatDuration(durationMs)]),
    ...(isMixed ? [...new Set(attempts.flatMap(({ models = [] }) => models))].map(oneLine) : []),
  ]
  const shown = displayWidth(name) <= width ? padEnd(name, width) : `${name}\n${' '.repeat(width + 4)}`
  return `  ${sign} ${shown}  ${dim(facts.join('  '))}`
}

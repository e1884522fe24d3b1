import {
  type BisectOutcome,
  type Judged,
  bisect as search,
  type Undecided,
  versionAt,
} from '../../runner/bisect.ts'
import { Refusal } from '../../runner/failure.ts'
import { historyOf } from '../../runner/file-history.ts'
import { readRepeatable } from '../../runner/rerun.ts'
import { runsOf } from '../../runner/version-runs.ts'
import { describeVersions, readVersions, summarise, type WorkflowVersion } from '../../runner/versions.ts'
import { checkExpression } from '../../schema/language/index.ts'
import type { CommandRunner } from '../command.ts'
import { EXIT } from '../exit-status.ts'
import type { Invocation } from '../invocation.ts'
import { openProjectFor } from '../project.ts'
import { openReaderFor } from '../reader.ts'
import { openRecordsFor } from '../records.ts'
import { runVersion, typedLine } from '../run-version.ts'
import { printJson } from '../ui/json.ts'
import { formatTime } from '../ui/numbers.ts'
import type { Palette } from '../ui/palette.ts'
import { oneLine, shorten } from '../ui/plain-text.ts'
import { writeHistoryIsCut } from '../ui/warning.ts'
import { usageError } from '../usage-error.ts'

/** Columns of an output that are shown. */
const LONGEST_OUTPUT = 80
/** Commands that are printed. */
const MOST_COMMANDS = 10

/** `codemie-ci bisect`: the commit after which the output of a step changed. */
export const bisect: CommandRunner = async (invocation, cli) => {
  const question = readQuestion(invocation)
  const typed = invocation.required('workflow')
  const project = await openProjectFor(invocation, cli)
  const { file, id } = await project.find(typed)
  const { git } = project.repository
  const history = await historyOf(project.repository, file)
  if (history.length === 0) {
    throw new Refusal('not-committed', `${file} is not committed yet, so it has no versions`, {
      help: 'A version is what a commit made of it.',
    })
  }
  const reader = openReaderFor(cli)
  const revisionOf = async (name: string) => {
    const revision = invocation.text(name)
    return revision === undefined ? {} : { [name]: await versionAt(git, history, revision) }
  }
  const readOrigin = async (run: string) =>
    await readRepeatable(await (await openRecordsFor(project, cli)).read(run), project, false)
  let isInterrupted = false
  const execute = async ({ commit }: { readonly commit: string }, reference: string) => {
    if (isInterrupted) return undefined
    const done = await runVersion(typed, commit, await readOrigin(reference), cli)
    isInterrupted ||= done.isInterrupted
    return done.isInterrupted ? undefined : done.run
  }
  const judged: Judged[] = []
  const outcome = await search({
    reader,
    history,
    runs: await runsOf(reader, history, id),
    question,
    ...(await revisionOf('good')),
    ...(await revisionOf('bad')),
    ...(invocation.flag('run') ? { execute } : {}),
    onJudged: (one) => {
      judged.push(one)
      cli.stderr.write(renderJudged(one, cli.look.stderr))
    },
  })
  const { found, missing, reference } = outcome
  const [version] = found ? await describeVersions(git, history, [history.indexOf(found)], id) : []
  const origin =
    missing.length > 0 && reference !== undefined
      ? await readOrigin(reference).catch(withoutInputs)
      : undefined
  const places = missing.map((one) => history.indexOf(one))
  const readable = await readVersions(git, history, places, id)
  // One with errors never ran, and never will.
  const runnable = missing.filter((_, index) => readable.get(places[index] ?? -1) !== undefined)
  const needed = runnable.map(({ commit }) => ({
    commit,
    command: origin ? typedLine(typed, commit, origin) : `codemie-ci run ${typed}@${commit.slice(0, 12)}`,
  }))
  if (invocation.flag('json')) {
    const { why } = outcome
    const range = outcome.range.map(({ commit }) => commit)
    const verdicts = judged.map(({ version: { commit }, evidence, hasOtherInputs }) => ({
      commit,
      ...evidence,
      hasOtherInputs,
    }))
    printJson(cli, { file, ...question, found: version ?? null, why, range, missing: needed, verdicts })
  } else if (version) cli.stdout.write(renderFound(version, cli.look.stdout))
  else cli.stdout.write(renderUndecided(outcome, needed))
  if (version === undefined && history.some(({ isOldestHere }) => isOldestHere)) writeHistoryIsCut(cli)
  if (isInterrupted) return EXIT.interrupted
  return version ? EXIT.done : EXIT.failed
}

/** A record can hold only a piece of large inputs: then each has to be given anew. */
function withoutInputs(error: unknown): undefined {
  if (error instanceof Refusal && error.code === 'inputs-elsewhere') return undefined
  throw error
}

function readQuestion(invocation: Invocation) {
  const [step, expect] = [invocation.text('step'), invocation.text('expect')]
  if (step === undefined || expect === undefined) {
    throw usageError(
      `--${step === undefined ? 'step' : 'expect'} is missing.`,
      `For example codemie-ci bisect review --step grade --expect 'score > 3'`,
    )
  }
  const [problem] = checkExpression(expect)
  if (problem === undefined) return { step, expect }
  throw usageError(
    `--expect '${oneLine(expect)}' is no expression that can be evaluated: ${problem.message}.`,
    problem.hint ??
      'It is written like the conditions of a workflow: docs/versions.md tells which names it has.',
  )
}

function renderJudged({ version, evidence, hasOtherInputs }: Judged, palette: Palette): string {
  const { green, red, dim, symbols } = palette
  const name = `${version.commit.slice(0, 12)} ${formatTime(version.at)}  ${oneLine(version.subject)}`
  if (evidence === undefined) return `${dim(symbols.dot)} ${name}: no run tells\n`
  const { satisfies, run, output, problem } = evidence
  const sign = satisfies ? green(symbols.done) : red(symbols.failed)
  const notes = [
    `run ${run}`,
    ...(hasOtherInputs ? ['other inputs'] : []),
    ...(problem === undefined ? [] : [oneLine(problem)]),
  ]
  const shown = shorten(oneLine(output), LONGEST_OUTPUT, symbols.ellipsis)
  return `${sign} ${name}: ${satisfies ? 'satisfied' : 'not satisfied'} by ${shown} ${dim(`(${notes.join(', ')})`)}\n`
}

function renderFound(
  { commit, at, author, subject, meaning, isMerge }: WorkflowVersion,
  palette: Palette,
): string {
  const { yellow, bold } = palette
  const what =
    typeof meaning === 'string'
      ? 'there is no version before it that can be compared'
      : meaning.length > 0
        ? summarise(meaning)
        : isMerge
          ? 'brings two versions together'
          : 'means the same as the version before it, so look for another cause: the model, the inputs, chance'
  return `${yellow(commit.slice(0, 12))} ${formatTime(at)}  ${oneLine(author)}  ${bold(oneLine(subject))}\n  ${oneLine(what)}\n`
}

const WHY: Readonly<Record<Undecided, string>> = {
  'bad-satisfies': 'The bad version satisfies the expression, so there is nothing to look for',
  'bad-unknown': 'No recorded run tells of the newest version',
  'good-unknown': 'No version before is known to satisfy the expression',
  'good-fails': 'The version that was called good does not satisfy the expression',
  'versions-unknown': 'It is one of these versions, and no recorded run tells which',
}

function renderUndecided(
  { why = 'versions-unknown', range }: BisectOutcome,
  needed: readonly { readonly command: string }[],
): string {
  const lines = [
    `Not decided: ${WHY[why]}`,
    ...range.map(
      ({ commit, at, author, subject }) =>
        `  ${commit.slice(0, 12)} ${formatTime(at)}  ${oneLine(author)}  ${oneLine(subject)}`,
    ),
  ]
  if (needed.length > 0) {
    const more = needed.length - MOST_COMMANDS
    lines.push(
      'These runs would help, the first one most (--run does what is needed):',
      ...needed.slice(0, MOST_COMMANDS).map(({ command }) => `  ${command}`),
      ...(more > 0 ? [`  and ${more} more`] : []),
    )
  }
  return `${lines.join('\n')}\n`
}

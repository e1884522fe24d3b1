import { parseJsonObject } from '../../schema/json-object.ts'
import { digestRun, outcomeOf, type RunDigest, type StepDigest } from '../store/digest-run.ts'
import type { StoredRun } from '../store/read-run.ts'
import { workflowFileName } from '../store/record.ts'
import { type DiffPiece, diffTexts } from './diff-texts.ts'

/** A value that differs. */
export interface Change {
  readonly name: string
  /** `undefined`: the run does not have it. */
  readonly before: string | undefined
  readonly after: string | undefined
}

/** What became of a step in both runs. */
export interface StepComparison {
  readonly path: string
  /** `same`: equal output and status. */
  readonly change: 'same' | 'output' | 'status' | 'only-before' | 'only-after'
  readonly statusBefore: StepDigest['status'] | undefined
  readonly statusAfter: StepDigest['status'] | undefined
  /** Its output as words; empty unless `change` is `output`. */
  readonly output: readonly DiffPiece[]
}

/** Two runs beside each other; what tells most comes first. */
export interface RunComparison {
  readonly before: string
  readonly after: string
  readonly isSame: boolean
  /** Status, workflow, commit. */
  readonly facts: readonly Change[]
  /** Single inputs; free text is called `input`. */
  readonly inputs: readonly Change[]
  /** The definition as lines; empty when it is the same. */
  readonly definition: readonly DiffPiece[]
  /** Steps in the order in which the second run did them, then those that only the first has. */
  readonly steps: readonly StepComparison[]
  /** Path of the first step, in that order, that is not the same. */
  readonly firstDifference: string | undefined
  /** Models, tokens, cost and time, which differ even when nothing else does. */
  readonly figures: readonly Change[]
}

/** Compares two runs. Pure. */
export function compareRuns(before: StoredRun, after: StoredRun): RunComparison {
  const [one, two] = [digestRun(before.events), digestRun(after.events)]
  const facts = changes([
    ['status', before.manifest.status, after.manifest.status],
    ['workflow', before.manifest.workflow.id, after.manifest.workflow.id],
    ['commit', before.manifest.repository.commit, after.manifest.repository.commit],
  ])
  const inputs = compareInputs(before, after)
  const definition = diffTexts(definitionOf(before), definitionOf(after), 'lines')
  const steps = compareSteps(one, two)
  const firstDifference = steps.find(({ change }) => change !== 'same')?.path
  const isSame =
    facts.every(({ name }) => name === 'commit') &&
    inputs.length === 0 &&
    definition.length === 0 &&
    firstDifference === undefined
  return {
    before: before.manifest.id,
    after: after.manifest.id,
    isSame,
    facts,
    inputs,
    definition,
    steps,
    firstDifference,
    figures: changes([
      ['models', one.models.join(', '), two.models.join(', ')],
      ['input tokens', one.usage?.inputTokens, two.usage?.inputTokens],
      ['output tokens', one.usage?.outputTokens, two.usage?.outputTokens],
      ['cost in USD', costOf(one), costOf(two)],
      ['time in ms', one.durationMs, two.durationMs],
    ]),
  }
}

function changes(
  rows: readonly (readonly [
    name: string,
    before: string | number | undefined,
    after: string | number | undefined,
  ])[],
): Change[] {
  return rows.flatMap(([name, before, after]) =>
    before === after
      ? []
      : [
          {
            name,
            before: before === undefined ? undefined : String(before),
            after: after === undefined ? undefined : String(after),
          },
        ],
  )
}

function costOf({ costUsd, costUnknown }: RunDigest): string | undefined {
  if (costUsd === undefined) return costUnknown ? 'not known' : undefined
  return `${costUnknown ? 'at least ' : ''}${costUsd}`
}

function compareInputs(before: StoredRun, after: StoredRun): Change[] {
  const [one, two] = [inputsOf(before), inputsOf(after)]
  return changes([...new Set([...one.keys(), ...two.keys()])].map((key) => [key, one.get(key), two.get(key)]))
}

/** Inputs by name as text. Source: `inputs.json` of the record, `{text, fileNames, files}`. */
function inputsOf({ files }: StoredRun): ReadonlyMap<string, string> {
  const {
    text,
    fileNames,
    files: listed,
  } = parseJsonObject(Buffer.from(files.get('inputs.json') ?? []).toString()) ?? {}
  const values = new Map<string, string>()
  const given = typeof text === 'string' ? parseJsonObject(text) : undefined
  if (given) for (const [key, value] of Object.entries(given)) values.set(key, plain(value))
  else if (typeof text === 'string' && text !== '') values.set('input', text)
  if (Array.isArray(fileNames) && fileNames.length > 0) values.set('files', fileNames.join(', '))
  // The same names may stand for other files.
  for (const { name, sha256 } of Array.isArray(listed) ? listed : [])
    values.set(`file ${name}`, String(sha256))
  return values
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function definitionOf({ files, manifest }: StoredRun): string {
  return Buffer.from(files.get(workflowFileName(manifest.workflow.file)) ?? []).toString()
}

function compareSteps(before: RunDigest, after: RunDigest): StepComparison[] {
  const earlier = new Map(before.steps.map((step) => [step.path, step]))
  const later = new Set(after.steps.map(({ path }) => path))
  return [
    ...after.steps.map((step) => compareStep(step.path, earlier.get(step.path), step)),
    ...before.steps
      .filter(({ path }) => !later.has(path))
      .map((step) => compareStep(step.path, step, undefined)),
  ]
}

function compareStep(
  path: string,
  before: StepDigest | undefined,
  after: StepDigest | undefined,
): StepComparison {
  const base = { path, statusBefore: before?.status, statusAfter: after?.status }
  if (before === undefined) return { ...base, change: 'only-after', output: [] }
  if (after === undefined) return { ...base, change: 'only-before', output: [] }
  if (before.status !== after.status) return { ...base, change: 'status', output: [] }
  const output = diffTexts(outcomeOf(before), outcomeOf(after), 'words')
  return { ...base, change: output.length === 0 ? 'same' : 'output', output }
}

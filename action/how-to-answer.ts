import { digestOfAll } from '../runner/engine/ask.ts'
import { fenced } from '../runner/report/neutralise.ts'
import type { RunDigest } from '../runner/store/digest-run.ts'
import type { RunSubject } from '../runner/store/manifest.ts'
import { code } from './summary.ts'
import { writeCommand } from './write-command.ts'

/** Who may answer a run that waits, and where. */
export interface AnswerRule {
  /** The pull request or issue that it is about; `undefined`: none, and any issue will do. */
  readonly about: RunSubject | undefined
  /** `policy.approvers` of the config. */
  readonly approvers: readonly string[]
  readonly authorMayApprove: boolean
}

/** Digits of a digest that are shown. */
const DIGITS = 12
/** Steps, and approvers, that are listed; a map can hold thousands. */
const MOST = 10

/** What to write, and who may, so that a run on the remote that waits goes on. Paragraphs of Markdown. */
export function howToAnswer(
  runId: string,
  { asks, heldBefore }: Pick<RunDigest, 'asks' | 'heldBefore'>,
  rule: AnswerRule,
): readonly string[] {
  const steps = heldBefore.slice(0, MOST)
  if (steps.length === 0) return []
  const digestOf = (path: string) => asks.find((ask) => ask.path === path)?.digest.slice(0, DIGITS)
  const yes = steps.map((path) => {
    const digest = digestOf(path)
    return writeCommand('approve', runId, path, ...(digest === undefined ? [] : [digest]))
  })
  const no = writeCommand('reject', runId, steps[0] ?? '', 'why')
  const whole = digestOfAll(asks.map(({ digest }) => digest))
  const settings = ['mode: resume', `run: ${runId}`, ...(whole === undefined ? [] : [`digest: ${whole}`])]
  return [
    `${whoAnswers(rule)} answers by a comment ${whereTo(rule)} that begins with one of these lines:`,
    fenced([...yes, no].join('\n'), 'text'),
    `So does a job behind an environment with reviewers, by ${settings.map(code).join(', ')} and the name of the \`environment\`.`,
  ]
}

function whoAnswers({ about, approvers, authorMayApprove }: AnswerRule): string {
  const listed = approvers.slice(0, MOST).map(code)
  const more = approvers.length > MOST ? ` and ${approvers.length - MOST} more` : ''
  const who = approvers.length === 0 ? 'Who' : `Who of ${listed.join(', ')}${more}`
  const notTheirs = about?.head === undefined || authorMayApprove ? '' : ' and did not open this pull request'
  return `${who} may write to the repository${notTheirs}`
}

function whereTo({ about }: AnswerRule): string {
  return about === undefined ? 'on any issue' : 'here'
}

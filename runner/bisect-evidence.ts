import { evaluateQuestion } from '../schema/language/index.ts'
import type { FileCommit } from './file-history.ts'
import { digestRun } from './store/digest-run.ts'
import { EXCERPT_SIGN } from './store/payload.ts'
import type { RunReader } from './store/reader.ts'
import { hasEnded, type RecordedRun } from './version-runs.ts'

/** What a run of a version says to the question. */
export interface Evidence {
  readonly run: string
  /** Of the step. */
  readonly output: string
  readonly satisfies: boolean
  /** Why the expression could not be evaluated, which counts as false. */
  readonly problem?: string
  /** sha256 of the inputs of the run. */
  readonly inputs: string
}

/** What is asked of each version. */
export interface Question {
  /** Path of the step. */
  readonly step: string
  /** Expression over its output; see `evaluateQuestion`. */
  readonly expect: string
}

/** Looks for evidence in the records of runs. */
export class Witness {
  readonly #reader: RunReader
  readonly #runs: RecordedRun[]
  readonly #question: Question
  readonly #known = new Map<string, Evidence | undefined>()
  /** Paths of steps that the runs had, which were read. */
  readonly stepsSeen = new Set<string>()

  /** @param runs of the workflow, newest first. */
  constructor(reader: RunReader, runs: readonly RecordedRun[], question: Question) {
    this.#reader = reader
    this.#runs = runs.filter(hasEnded)
    this.#question = question
  }

  /** The newest run that ended, whatever version it was of. */
  get newestRun(): Pick<Evidence, 'run' | 'inputs'> | undefined {
    const [newest] = this.#runs
    return newest && { run: newest.run.id, inputs: newest.start.inputs.sha256 }
  }

  /**
   * What the newest run of a version says that ended and holds an output of the step; runs with the given inputs go before.
   * `undefined`: there is none.
   *
   * @param inputs sha256. Default: any are as good.
   */
  async ask({ blob }: FileCommit, inputs?: string): Promise<Evidence | undefined> {
    const runs = this.#runs.filter(({ start }) => start.workflow.blob === blob)
    const alike = runs.filter(({ start }) => start.inputs.sha256 === inputs)
    const others = runs.filter(({ start }) => start.inputs.sha256 !== inputs)
    for (const { run, start } of [...alike, ...others]) {
      const evidence = await this.read(run.id, start.inputs.sha256)
      if (evidence) return evidence
    }
    return undefined
  }

  /** What one run says; `undefined`: the step did not finish in it, or only a piece of its output is kept. */
  async read(run: string, inputs: string): Promise<Evidence | undefined> {
    if (!this.#known.has(run)) this.#known.set(run, await this.#read(run, inputs))
    return this.#known.get(run)
  }

  async #read(run: string, inputs: string): Promise<Evidence | undefined> {
    const { events } = await this.#reader.read(run)
    const { steps } = digestRun(events)
    for (const { path } of steps) this.stepsSeen.add(path)
    const step = steps.find(({ path, status }) => path === this.#question.step && status === 'finished')
    const output = step?.attempts.at(-1)?.output
    if (output === undefined || output.includes(EXCERPT_SIGN)) return undefined
    const { value, problem } = evaluateQuestion(output, this.#question.expect)
    return { run, output, satisfies: value, inputs, ...(problem ? { problem: problem.message } : {}) }
  }
}

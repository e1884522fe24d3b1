import { helpWithName } from '../schema/nearest.ts'
import { type Evidence, type Question, Witness } from './bisect-evidence.ts'
import { Refusal } from './failure.ts'
import type { FileCommit } from './file-history.ts'
import type { Git } from './git/git.ts'
import { resolveCommit } from './git/revision.ts'
import type { RunReader } from './store/reader.ts'
import type { RecordedRun } from './version-runs.ts'

/** A version that was looked at. */
export interface Judged {
  readonly version: FileCommit
  /** `undefined`: no recorded run tells. */
  readonly evidence: Evidence | undefined
  /** The run had other inputs than the one of the bad version. */
  readonly hasOtherInputs: boolean
}

/** Why no version was found. */
export type Undecided =
  /** The newest version, or the one that was called bad, satisfies the expression. */
  | 'bad-satisfies'
  /** No run tells of the bad version. */
  | 'bad-unknown'
  /** No version before it is known to satisfy the expression. */
  | 'good-unknown'
  /** The version that was called good does not. */
  | 'good-fails'
  /** No run tells of the versions that are left. */
  | 'versions-unknown'

export interface BisectOutcome {
  /** The first version that does not satisfy the expression any more; absent: not decided. */
  readonly found?: FileCommit
  readonly why?: Undecided
  /** Versions that may be the first one, newest first; empty when it is found, or when nothing is known. */
  readonly range: readonly FileCommit[]
  /** Versions whose runs would help, the most useful first. */
  readonly missing: readonly FileCommit[]
  /** Id of the run whose inputs the others should have; `undefined`: there is no run. */
  readonly reference: string | undefined
}

export interface BisectOptions {
  readonly reader: RunReader
  /** Newest first; see `historyOf`. */
  readonly history: readonly FileCommit[]
  /** Of the workflow; see `runsOf`. */
  readonly runs: readonly RecordedRun[]
  readonly question: Question
  /** Believed where no run tells otherwise. Default: the oldest version with a run that satisfies. */
  readonly good?: FileCommit
  /** Believed in the same way. Default: the newest version. */
  readonly bad?: FileCommit
  /**
   * Executes a version with the inputs of a run. Returns the id of the new run, or `undefined` when there is none. Default:
   * nothing is executed.
   */
  readonly execute?: (version: FileCommit, reference: string) => Promise<string | undefined>
  /** Hears of each version that was looked at. */
  readonly onJudged: (judged: Judged) => void
}

/**
 * Searches the versions of a workflow for the first after which the output of a step does not satisfy an expression any
 * more, by halving. Versions of which no run tells are left out where others help.
 *
 * Refuses with `good-after-bad`, and with `no-such-step` when none of the runs that were read has the step.
 */
export async function bisect(options: BisectOptions): Promise<BisectOutcome> {
  const versions = options.history.filter(({ blob }) => blob !== undefined).toReversed()
  const witness = new Witness(options.reader, options.runs, options.question)
  const outcome = await new Search(options, versions, witness).run()
  if (outcome.found === undefined) refuseUnknownStep(witness, options.question)
  return outcome
}

function refuseUnknownStep({ stepsSeen }: Witness, { step }: Question): void {
  if (stepsSeen.size === 0 || stepsSeen.has(step)) return
  throw new Refusal('no-such-step', `None of the runs that were looked at has a step '${step}'`, {
    help: helpWithName(step, [...stepsSeen], 'They have'),
  })
}

class Search {
  readonly #options: BisectOptions
  /** Oldest first. */
  readonly #versions: readonly FileCommit[]
  readonly #witness: Witness
  /** Of a definition that was executed now, by its object id; `undefined`: that told nothing. */
  readonly #executed = new Map<string | undefined, Evidence | undefined>()
  readonly #told = new Set<string>()
  #reference: string | undefined
  #inputs: string | undefined

  constructor(options: BisectOptions, versions: readonly FileCommit[], witness: Witness) {
    this.#options = options
    this.#versions = versions
    this.#witness = witness
  }

  async run(): Promise<BisectOutcome> {
    const bad = this.#options.bad ?? this.#versions.at(-1)
    if (bad === undefined) return this.#undecided('bad-unknown', [], [])
    const high = this.#versions.indexOf(bad)
    const given = this.#options.good
    if (given && this.#versions.indexOf(given) >= high) {
      throw new Refusal(
        'good-after-bad',
        `The good version ${short(given)} is not before the bad one, ${short(bad)}`,
        {
          help: 'This looks for what went wrong. For what went right, ask the other way round: --expect "not (…)".',
        },
      )
    }
    const seen = await this.#witness.ask(bad)
    const like = seen ?? this.#witness.newestRun
    this.#reference = like?.run
    this.#inputs = like?.inputs
    const known = seen ?? (await this.#execute(bad))
    this.#tell(bad, known)
    if (known?.satisfies) return this.#undecided('bad-satisfies', [], [])
    if (known === undefined && this.#options.bad === undefined)
      return this.#undecided('bad-unknown', [], [bad])
    const good = given ? await this.#believe(given) : await this.#oldestGood(high)
    if (typeof good !== 'number') return good
    return await this.#halve(good, high)
  }

  /** Place of a version that was called good. */
  async #believe(given: FileCommit): Promise<number | BisectOutcome> {
    const evidence = await this.#judge(given)
    if (evidence && !evidence.satisfies) return this.#undecided('good-fails', [], [])
    return this.#versions.indexOf(given)
  }

  /** Place of the oldest version that a run says to satisfy the expression. */
  async #oldestGood(high: number): Promise<number | BisectOutcome> {
    const before = this.#versions.slice(0, high)
    const unknown: FileCommit[] = []
    for (const [place, version] of before.entries()) {
      const evidence = await this.#witness.ask(version, this.#inputs)
      if (evidence) this.#tell(version, evidence)
      if (evidence?.satisfies) return place
      if (evidence === undefined) unknown.push(version)
    }
    for (const version of unknown) {
      const evidence = await this.#execute(version)
      if (evidence === undefined) continue
      this.#tell(version, evidence)
      if (evidence.satisfies) return this.#versions.indexOf(version)
      // What came later went wrong before, and so it is not known when.
      break
    }
    return this.#undecided('good-unknown', [], unknown)
  }

  async #halve(from: number, to: number): Promise<BisectOutcome> {
    let [low, high] = [from, to]
    while (high - low > 1) {
      const middle = (low + high) / 2
      const between = [...this.#versions.keys()].slice(low + 1, high)
      const nearest = between.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle))
      const decided = await this.#firstDecided(nearest)
      if (decided === undefined) {
        const range = this.#versions.slice(low + 1, high + 1).toReversed()
        return this.#undecided(
          'versions-unknown',
          range,
          nearest.flatMap((place) => this.#versions[place] ?? []),
        )
      }
      if (decided.satisfies) low = decided.place
      else high = decided.place
    }
    const found = this.#versions[high]
    return { ...(found ? { found } : {}), range: [], missing: [], reference: this.#reference }
  }

  /** Of versions, the first that a run tells of; one is executed before the next is asked. */
  async #firstDecided(places: readonly number[]) {
    for (const place of places) {
      const version = this.#versions[place]
      const evidence = version && (await this.#judge(version))
      if (evidence) return { place, satisfies: evidence.satisfies }
    }
    return undefined
  }

  async #judge(version: FileCommit): Promise<Evidence | undefined> {
    const evidence = (await this.#witness.ask(version, this.#inputs)) ?? (await this.#execute(version))
    this.#tell(version, evidence)
    return evidence
  }

  async #execute(version: FileCommit): Promise<Evidence | undefined> {
    const { execute } = this.#options
    const { blob } = version
    if (!execute || this.#reference === undefined) return undefined
    if (!this.#executed.has(blob)) {
      const run = await execute(version, this.#reference)
      this.#executed.set(
        blob,
        run === undefined ? undefined : await this.#witness.read(run, this.#inputs ?? ''),
      )
    }
    return this.#executed.get(blob)
  }

  #tell(version: FileCommit, evidence: Evidence | undefined): void {
    if (this.#told.has(version.commit)) return
    this.#told.add(version.commit)
    const hasOtherInputs =
      evidence !== undefined && this.#inputs !== undefined && evidence.inputs !== this.#inputs
    this.#options.onJudged({ version, evidence, hasOtherInputs })
  }

  #undecided(why: Undecided, range: readonly FileCommit[], missing: readonly FileCommit[]): BisectOutcome {
    return { why, range, missing, reference: this.#reference }
  }
}

function short({ commit }: FileCommit): string {
  return commit.slice(0, 12)
}

/**
 * The version of a file that a revision has: the last of its history that the revision comes from.
 * Refuses with `unknown-revision` and `not-in-revision`.
 */
export async function versionAt(
  git: Git,
  history: readonly FileCommit[],
  revision: string,
): Promise<FileCommit> {
  const commit = await resolveCommit(git, revision)
  const files = [...new Set(history.map(({ file }) => file))]
  const { stdout } = await git.run({
    args: ['--literal-pathspecs', 'rev-list', '--max-count=1', commit, '--', ...files],
  })
  const last = stdout.toString().trim()
  const found = history.find((one) => one.commit === last)
  if (found?.blob !== undefined) return found
  throw new Refusal('not-in-revision', `No version of the workflow's history is in ${revision}`, {
    help: '`codemie-ci versions <workflow>` lists them.',
  })
}

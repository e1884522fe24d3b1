/** Permissions of a job's token, as under `permissions:` in a workflow file, with underscores. */
export type Permissions = Readonly<Record<string, 'read' | 'write'>>

/** What GitHub hands a job. */
export interface ForgeEvent {
  readonly name: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly sha: string
  readonly ref: string
  readonly actor: string
  /** It is about a pull request of a fork: its token may only read. */
  readonly fork: boolean
}

/** A request that the forge answered. */
export interface ForgeRequest {
  readonly method: string
  readonly path: string
  readonly status: number
  /** Whose token it came with. */
  readonly login?: string
  readonly body?: unknown
}

export interface ForgeComment {
  readonly id: number
  readonly body: string
  readonly user: { readonly login: string }
  readonly reactions: readonly { readonly content: string }[]
}

/** A forge on loopback: git over HTTP and the part of GitHub's REST API that an action uses; see `forge.mjs`. */
export interface Forge {
  readonly url: string
  readonly apiUrl: string
  /** `GITHUB_SERVER_URL`, `GITHUB_API_URL`, `GITHUB_GRAPHQL_URL`. */
  readonly env: Readonly<Record<string, string>>
  /** Everything that was asked for, in order. */
  readonly log: readonly ForgeRequest[]
  /** Requests that nothing here answers; to be empty at the end of a test. */
  readonly unhandled: readonly unknown[]
  readonly dispatches: readonly unknown[]
  beforePush: (() => unknown) | undefined
  /** Called with each request of the API before it is answered. */
  beforeAnswer: ((request: Pick<ForgeRequest, 'method' | 'path'>) => unknown) | undefined
  addRepo(
    name: string,
    options?: { readonly isPrivate?: boolean; readonly forkOf?: string },
  ): { readonly dir: string }
  repo(name: string): {
    readonly dir: string
    readonly comments: ReadonlyMap<number, ForgeComment & { readonly issue: number }>
    readonly checks: ReadonlyMap<number, Readonly<Record<string, unknown>>>
    readonly pulls: ReadonlyMap<number, object>
    readonly issues: ReadonlyMap<number, { readonly title: string; readonly body: string }>
    readonly labels: ReadonlyMap<number, ReadonlySet<string>>
    readonly statuses: readonly { readonly sha: string; readonly context: string; readonly state: string }[]
    readonly reviews: ReadonlyMap<number, unknown>
    /** What became of branches, the eldest first. */
    readonly activities: { readonly timestamp: string }[]
  }
  setRole(name: string, login: string, role: 'admin' | 'maintain' | 'write' | 'triage' | 'read'): void
  token(options?: {
    readonly login?: string
    readonly repo?: string
    readonly permissions?: Permissions
    readonly value?: string
  }): string
  /** Token of a job; of a fork's event it may only read, whatever is asked for. */
  jobToken(name: string, run: ForgeEvent, permissions: Permissions): string
  /** Commits files on a branch; `null` removes. Returns the commit. */
  commit(
    name: string,
    branch: string,
    files: Readonly<Record<string, string | null>>,
    options?: { readonly from?: string; readonly message?: string },
  ): string
  /** Something that happened to a pull request, for its timeline. */
  tell(name: string, number: number, event: string, by: string): void
  /** Puts a label on a pull request, as anybody; `more` are members of the event that tells of it. */
  label(
    name: string,
    number: number,
    label: string,
    by: string,
    more?: Readonly<Record<string, unknown>>,
  ): void
  unlabel(name: string, number: number, label: string, by: string): void
  /** Lets a pull request go to another branch. */
  retarget(name: string, number: number, base: string): void
  openPull(
    name: string,
    options: {
      readonly head: string
      readonly base?: string
      readonly headRepo?: string
      readonly author?: string
      readonly title?: string
      readonly body?: string
      readonly draft?: boolean
    },
  ): { readonly number: number; readonly headSha: string }
  /** Numeric id of an account. */
  idOf(login: string): number
  openIssue(
    name: string,
    options?: { readonly author?: string; readonly title?: string; readonly body?: string },
  ): { readonly number: number }
  /** What a person writes on a pull request or an issue. Returns the id of the comment. */
  write(
    name: string,
    number: number,
    login: string,
    body: string,
    more?: Readonly<Record<string, unknown>>,
  ): number
  rewrite(name: string, comment: number, body: string): void
  /** What somebody says to the jobs of a workflow run that wait for an environment. */
  reviewJobs(
    name: string,
    runId: string,
    login: string,
    environment: string,
    state?: 'approved' | 'rejected' | 'pending',
  ): void
  /** A workflow run about a pull request that is over; `more` is what the API tells else of it. */
  addRun(
    name: string,
    number: number | undefined,
    more?: Readonly<Record<string, unknown>>,
  ): { readonly id: number; readonly attempt: number }
  /** Something that a run uploaded; `more` is what the API tells else of it. Returns its id. */
  addArtifact(
    name: string,
    run: number,
    artifact: string,
    archive: Uint8Array,
    more?: Readonly<Record<string, unknown>>,
  ): number
  event(
    event: string,
    name: string,
    about?: {
      readonly action?: string
      readonly number?: number
      readonly comment?: number
      readonly inputs?: Readonly<Record<string, unknown>>
      readonly workflow?: string
      readonly schedule?: string
      readonly run?: number
      readonly clientPayload?: Readonly<Record<string, unknown>>
      readonly branch?: string
      readonly before?: string
      readonly actor?: string
    },
  ): ForgeEvent
  /** Lets the next request that fits fail. */
  fail(how: {
    readonly path?: RegExp
    readonly method?: string
    readonly status?: number
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: unknown
    readonly drop?: boolean
    readonly delayMs?: number
  }): void
  close(): Promise<void>
  // Setting scenes for what people do; see the functions of the same name in `forge.mjs`.
  readonly [name: string]: unknown
}

export function startForge(options?: { readonly root?: string; readonly keep?: boolean }): Promise<Forge>

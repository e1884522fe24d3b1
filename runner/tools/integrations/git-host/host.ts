import { isJsonObject } from '../../../../schema/json-object.ts'
import { toolFailed } from '../../define-tool.ts'
import type { ToolContext } from '../../tool.ts'
import { callRest, findRest, integrationOf, type RestCall } from '../rest.ts'

/** An issue as tools give it back. */
export interface Issue {
  readonly number: number
  readonly title: string
  readonly state: string
  readonly author: string
  readonly labels: readonly string[]
  readonly body: string
  readonly url: string
}

/** A pull request of GitHub or a merge request of GitLab. */
export interface PullRequest extends Omit<Issue, 'labels'> {
  readonly draft: boolean
  /** Branch with the changes. */
  readonly head: string
  /** Branch that is to take them. */
  readonly base: string
}

/** A file that a pull request changes. */
export interface ChangedFile {
  readonly path: string
  /** `added`, `modified`, `removed` or `renamed`. */
  readonly change: string
  /** Unified diff; empty for what is too long or no text. */
  readonly diff: string
}

/** What can stand in an issue. */
export interface IssueFields {
  readonly title?: string | undefined
  readonly body?: string | undefined
  readonly labels?: readonly string[] | undefined
  readonly state?: 'open' | 'closed' | undefined
}

/** Asks the API of a host. `path` is below the repository. */
export interface HostApi {
  readonly call: (method: string, path: string, more?: Pick<RestCall, 'query' | 'body'>) => Promise<Answer>
  /** Reads a list; what is one entry alone counts as a list of it. */
  readonly list: (path: string, more?: Pick<RestCall, 'query'>) => Promise<readonly Answer[]>
  /** Reads, with `undefined` for what is not there. */
  readonly find: (path: string, more?: Pick<RestCall, 'query'>) => Promise<Answer | undefined>
}

/** A piece of an answer whose shape the host's documentation tells. Missing pieces are `undefined` when they are read. */
// biome-ignore lint/suspicious/noExplicitAny: the shapes belong to somebody else, and are picked apart in one place per host.
export type Answer = any

/** What can be done with a repository on a host; each host has its own way. Lists come newest first. */
export interface GitHost {
  /** Path of the API under which a repository lies; `repository` is its full name. */
  readonly pathOf: (repository: string) => string
  /** Sent with every request. Names in small letters. */
  readonly headers: Readonly<Record<string, string>>
  /** `state`: `open`, `closed` or `all`, here and for pull requests. */
  listIssues(
    api: HostApi,
    filter: { state: string; labels?: readonly string[] | undefined; limit: number },
  ): Promise<readonly Issue[]>
  getIssue(api: HostApi, number: number): Promise<Issue>
  createIssue(api: HostApi, fields: IssueFields): Promise<Issue>
  updateIssue(api: HostApi, number: number, fields: IssueFields): Promise<Issue>
  comment(api: HostApi, on: 'issue' | 'pull', number: number, body: string): Promise<Comment>
  listPulls(
    api: HostApi,
    filter: { state: string; head?: string | undefined; limit: number },
  ): Promise<readonly PullRequest[]>
  getPull(api: HostApi, number: number): Promise<PullRequest>
  listPullFiles(api: HostApi, number: number, limit: number): Promise<readonly ChangedFile[]>
  createPull(
    api: HostApi,
    pull: { title: string; body: string; head: string; base?: string | undefined; draft: boolean },
  ): Promise<PullRequest>
  commentOnLine(
    api: HostApi,
    number: number,
    comment: { path: string; line: number; body: string },
  ): Promise<Comment>
  listBranches(api: HostApi, limit: number): Promise<readonly string[]>
  listFiles(api: HostApi, path: string, ref: string | undefined): Promise<readonly HostFile[]>
  /** `undefined`: it is not there. */
  readFile(api: HostApi, path: string, ref: string | undefined): Promise<Buffer | undefined>
  /** Creates or replaces a file with a commit on a branch. */
  writeFile(
    api: HostApi,
    file: { path: string; content: string; branch?: string | undefined; message: string },
  ): Promise<{ readonly path: string; readonly change: 'created' | 'updated' }>
}

/** A comment that was written. */
export interface Comment {
  readonly id: number | string
  /** Where people see it; empty where the host does not say. */
  readonly url: string
}

/** What is directly in a folder. */
export interface HostFile {
  readonly path: string
  readonly kind: 'file' | 'folder'
}

/** The API of a repository, through the integration of a call. */
export function openApi(tool: string, host: GitHost, repository: string, context: ToolContext): HostApi {
  const base = apiBase(context)
  const { headers } = host
  const ask = (method: string, path: string, more: Pick<RestCall, 'query' | 'body'> = {}): RestCall => ({
    tool,
    method,
    path: `${host.pathOf(repository)}${path}`,
    base,
    headers,
    ...more,
  })
  const entry = (answer: unknown): Answer => {
    if (isJsonObject(answer)) return answer
    throw toolFailed(
      tool,
      `${new URL(base).host} answered with something that its API does not`,
      `Is integrations.${integrationOf(context).alias}.url in .codemie/config.yaml the address of its API?`,
    )
  }
  return {
    call: async (method, path, more) => entry(await callRest(ask(method, path, more), context)),
    list: async (path, more) => [await callRest(ask('GET', path, more), context)].flat().map(entry),
    async find(path, more) {
      const found = await findRest(ask('GET', path, more), context)
      return found === undefined ? undefined : entry([found].flat()[0])
    },
  }
}

/** Where the API of an integration is: GitLab's lies below its address. */
export function apiBase(context: ToolContext): string {
  const { type, url = '' } = integrationOf(context)
  const plain = url.replace(/\/+$/, '')
  return type === 'gitlab' && !plain.endsWith('/api/v4') ? `${plain}/api/v4` : plain
}

/** A path with what is between its slashes escaped. */
export function escapePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

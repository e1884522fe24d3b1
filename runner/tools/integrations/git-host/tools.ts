import { forgePlaceOf } from '../../../git/forge-place.ts'
import {
  type BuiltInTool,
  badArgument,
  defineTool,
  type ToolDefinition,
  toolFailed,
} from '../../define-tool.ts'
import { runGit } from '../../git-command.ts'
import type { ToolContext } from '../../tool.ts'
import { integrationOf } from '../rest.ts'
import { github } from './github.ts'
import { gitlab } from './gitlab.ts'
import { apiBase, type GitHost, type HostApi, openApi } from './host.ts'
import { queryTools } from './query.ts'

const HOSTS: Readonly<Record<string, GitHost>> = { github, gitlab }

const NUMBER = { type: 'integer', minimum: 1, description: 'Its number.' }
const LIMIT = { type: 'integer', minimum: 1, maximum: 100, description: 'Most entries. Default: 30.' }
const BODY = { type: 'string', description: 'Text, as Markdown.' }
const LABELS = { type: 'array', items: { type: 'string' }, description: 'Labels.' }
const REF = {
  type: 'string',
  minLength: 1,
  description: 'Branch, tag or commit. Default: the default branch.',
}
const PATH = { type: 'string', minLength: 1, description: 'Path from the root of the repository.' }
const STATE = { enum: ['open', 'closed', 'all'], description: 'Default: open.' }

/** Other names that workflows of CodeMie use for arguments. */
const ARGUMENT_NAMES = {
  repo: 'repository',
  repo_name: 'repository',
  project_id: 'repository',
  issue_number: 'number',
  pr_number: 'number',
  pull_number: 'number',
  merge_request_iid: 'number',
  description: 'body',
  comment: 'body',
  pr_title: 'title',
  pr_body: 'body',
  source_branch: 'head',
  head_branch: 'head',
  target_branch: 'base',
  base_branch: 'base',
  file_path: 'path',
  line_number: 'line',
}

const HOW_TO_NAME_ONE =
  'Give it as owner/name, or set options.repository of the integration in .codemie/config.yaml.'

/** What a tool of this family is told; the repository and the host are found for it. */
type HostTool<Args> = Pick<
  ToolDefinition<Args>,
  'name' | 'description' | 'reach' | 'aliases' | 'properties' | 'required'
> & {
  readonly run: (host: GitHost, api: HostApi, args: Args, context: ToolContext) => Promise<unknown>
}

function hostTool<Args>(definition: HostTool<Args>): BuiltInTool {
  const { name } = definition
  return defineTool<Args & { repository?: string }>({
    ...definition,
    integration: Object.keys(HOSTS),
    argumentNames: ARGUMENT_NAMES,
    properties: {
      ...definition.properties,
      repository: {
        type: 'string',
        minLength: 3,
        description: 'owner/name. Default: that of the configuration, or of the remote origin.',
      },
    },
    async run(args, context) {
      const { type, options } = integrationOf(context)
      const repository = args.repository ?? options['repository'] ?? (await repositoryOfOrigin(name, context))
      if (
        typeof repository !== 'string' ||
        !/^[^/\s]+(\/[^/\s]+)+$/.test(repository) ||
        /(^|\/)\.+(\/|$)/.test(repository)
      ) {
        throw badArgument(
          name,
          'repository',
          repository === undefined ? 'is missing' : 'must be owner/name',
          HOW_TO_NAME_ONE,
        )
      }
      const { path } = args as { path?: string }
      if (
        path !== undefined &&
        path !== '.' &&
        path.split('/').some((part) => part === '.' || part === '..')
      ) {
        throw badArgument(
          name,
          'path',
          'must not have "." or ".." in it',
          'Write it from the root of the repository.',
        )
      }
      const host = HOSTS[type] ?? github
      return definition.run(host, openApi(name, host, repository, context), args, context)
    },
  })
}

interface IssueArgs {
  number: number
  title: string
  body?: string
  labels?: string[]
  state?: 'open' | 'closed'
}

const issueTools: readonly BuiltInTool[] = [
  hostTool<{ state?: string; labels?: string[]; limit?: number }>({
    name: 'list_issues',
    description: 'Lists issues of a repository on GitHub or GitLab, newest first.',
    reach: 'network',
    properties: { state: STATE, labels: LABELS, limit: LIMIT },
    run: (host, api, { state = 'open', labels, limit = 30 }) =>
      host.listIssues(api, { state, labels, limit }),
  }),
  hostTool<IssueArgs>({
    name: 'get_issue',
    description: 'Reads an issue: {number, title, state, author, labels, body, url}.',
    reach: 'network',
    properties: { number: NUMBER },
    required: ['number'],
    run: (host, api, { number }) => host.getIssue(api, number),
  }),
  hostTool<IssueArgs>({
    name: 'create_issue',
    description: 'Opens an issue.',
    reach: 'outside',
    properties: {
      title: { type: 'string', minLength: 1, description: 'One line.' },
      body: BODY,
      labels: LABELS,
    },
    required: ['title'],
    run: (host, api, { title, body, labels }) => host.createIssue(api, { title, body, labels }),
  }),
  hostTool<IssueArgs>({
    name: 'update_issue',
    description: 'Changes an issue; what is not given stays as it is.',
    reach: 'outside',
    properties: {
      number: NUMBER,
      title: { type: 'string', minLength: 1, description: 'One line.' },
      body: BODY,
      labels: { ...LABELS, description: 'All labels that it is to have.' },
      state: { enum: ['open', 'closed'], description: 'closed closes it, open opens it again.' },
    },
    required: ['number'],
    run: (host, api, { number, title, body, labels, state }) =>
      host.updateIssue(api, number, { title, body, labels, state }),
  }),
  hostTool<IssueArgs & { body: string }>({
    name: 'create_issue_comment',
    description: 'Comments on an issue.',
    reach: 'outside',
    properties: { number: NUMBER, body: { ...BODY, minLength: 1 } },
    required: ['number', 'body'],
    run: (host, api, { number, body }) => host.comment(api, 'issue', number, body),
  }),
]

interface PullArgs {
  number: number
  title: string
  body?: string
  head?: string
  base?: string
  draft?: boolean
}

const pullTools: readonly BuiltInTool[] = [
  hostTool<{ state?: string; head?: string; limit?: number }>({
    name: 'list_pull_requests',
    description: 'Lists pull requests of GitHub or merge requests of GitLab, newest first.',
    reach: 'network',
    properties: { state: STATE, head: { ...REF, description: 'Only those of this branch.' }, limit: LIMIT },
    run: (host, api, { state = 'open', head, limit = 30 }) => host.listPulls(api, { state, head, limit }),
  }),
  hostTool<PullArgs>({
    name: 'get_pull_request',
    description: 'Reads a pull request: {number, title, state, author, body, url, draft, head, base}.',
    reach: 'network',
    properties: { number: NUMBER },
    required: ['number'],
    run: (host, api, { number }) => host.getPull(api, number),
  }),
  hostTool<PullArgs & { limit?: number }>({
    name: 'list_pull_request_files',
    description: 'Lists what a pull request changes: {path, change, diff} of each file.',
    reach: 'network',
    properties: { number: NUMBER, limit: { ...LIMIT, description: 'Most files. Default: 100.' } },
    required: ['number'],
    run: (host, api, { number, limit = 100 }) => host.listPullFiles(api, number, limit),
  }),
  hostTool<PullArgs>({
    name: 'create_pull_request',
    description:
      'Opens a pull request on GitHub or a merge request on GitLab. Its branch must have been pushed.',
    reach: 'outside',
    aliases: ['create_merge_request'],
    properties: {
      title: { type: 'string', minLength: 1, description: 'One line.' },
      body: BODY,
      head: { ...REF, description: 'Branch with the changes. Default: the current one.' },
      base: { ...REF, description: 'Branch that is to take them. Default: the default branch.' },
      draft: { type: 'boolean', description: 'Default: false.' },
    },
    required: ['title'],
    async run(host, api, { title, body = '', head, base, draft = false }, context) {
      return host.createPull(api, { title, body, head: head ?? (await currentBranch(context)), base, draft })
    },
  }),
  hostTool<PullArgs & { body: string }>({
    name: 'create_pull_request_comment',
    description: 'Comments on a pull request as a whole.',
    reach: 'outside',
    properties: { number: NUMBER, body: { ...BODY, minLength: 1 } },
    required: ['number', 'body'],
    run: (host, api, { number, body }) => host.comment(api, 'pull', number, body),
  }),
  hostTool<PullArgs & { path: string; line: number; body: string }>({
    name: 'create_pr_change_comment',
    description: 'Comments on a line that a pull request changes, as a reviewer does.',
    reach: 'outside',
    properties: {
      number: NUMBER,
      path: PATH,
      line: { type: 'integer', minimum: 1, description: 'Line of the new file, among those of its diff.' },
      body: { ...BODY, minLength: 1 },
    },
    required: ['number', 'path', 'line', 'body'],
    run: (host, api, { number, path, line, body }) => host.commentOnLine(api, number, { path, line, body }),
  }),
]

interface FileArgs {
  path: string
  ref?: string
}

const repositoryTools: readonly BuiltInTool[] = [
  hostTool<{ limit?: number }>({
    name: 'list_branches_in_repo',
    description: 'Lists the names of the branches of a repository on GitHub or GitLab.',
    reach: 'network',
    properties: { limit: { ...LIMIT, description: 'Most branches. Default: 100.' } },
    run: (host, api, { limit = 100 }) => host.listBranches(api, limit),
  }),
  hostTool<{ path?: string; ref?: string }>({
    name: 'list_repository_files',
    description:
      'Lists what is directly in a folder of a repository on GitHub or GitLab: {path, kind} of each.',
    reach: 'network',
    properties: { path: { ...PATH, description: 'Folder. Default: the root.' }, ref: REF },
    run: (host, api, { path = '.', ref }) => host.listFiles(api, path === '.' ? '' : path, ref),
  }),
  hostTool<FileArgs>({
    name: 'read_repository_file',
    description: 'Reads a text file of a repository on GitHub or GitLab.',
    reach: 'network',
    properties: { path: PATH, ref: REF },
    required: ['path'],
    async run(host, api, { path, ref }) {
      const bytes = await host.readFile(api, path, ref)
      if (bytes === undefined) throw toolFailed('read_repository_file', `there is no file "${path}"`)
      if (bytes.includes(0)) throw toolFailed('read_repository_file', `"${path}" is not text`)
      return bytes.toString('utf8')
    },
  }),
  hostTool<FileArgs & { content: string; message?: string; branch?: string }>({
    name: 'write_repository_file',
    description: 'Creates or replaces a file with a commit on a branch of a repository on GitHub or GitLab.',
    reach: 'outside',
    properties: {
      path: PATH,
      content: { type: 'string', description: 'All of its new text.' },
      branch: { ...REF, description: 'Branch to commit to. Default: the default branch.' },
      message: { type: 'string', minLength: 1, description: 'Of the commit. Default: Update <path>.' },
    },
    required: ['path', 'content'],
    run: (host, api, { path, content, branch, message = `Update ${path}` }) =>
      host.writeFile(api, { path, content, branch, message }),
  }),
]

/** Everything for GitHub and GitLab, in the order in which it is documented. */
export const gitHostTools: readonly BuiltInTool[] = [
  ...queryTools,
  ...issueTools,
  ...pullTools,
  ...repositoryTools,
]

async function currentBranch(context: ToolContext): Promise<string> {
  const { text } = await runGit(context, {
    tool: 'create_pull_request',
    args: ['rev-parse', '--abbrev-ref', 'HEAD'],
  })
  const branch = text.trim()
  if (branch !== '' && branch !== 'HEAD') return branch
  throw badArgument(
    'create_pull_request',
    'head',
    'is missing, and no branch is checked out',
    'Give the branch with the changes.',
  )
}

/** The repository that the clone came from, where that is on the host of the integration. */
async function repositoryOfOrigin(tool: string, context: ToolContext): Promise<string | undefined> {
  const { text } = await runGit(context, {
    tool,
    args: ['config', '--get', 'remote.origin.url'],
    // There is none, or no repository.
    okCodes: [0, 1, 128],
  })
  const place = forgePlaceOf(text.trim())
  const { hostname } = new URL(apiBase(context))
  return place && [place.hostname, `api.${place.hostname}`].includes(hostname) ? place.name : undefined
}

/** What an event can be filtered by under `on`. */
export interface EventFilters {
  /** Names of the filters and other keys that the event takes. */
  readonly keys: readonly string[]
  /** Activity types that start a workflow that names none. `undefined`: all. */
  readonly defaultTypes?: readonly string[]
}

const BRANCHES = ['branches', 'branches-ignore']
const PATHS = ['paths', 'paths-ignore']

const PULL_REQUEST: EventFilters = {
  keys: ['types', ...BRANCHES, ...PATHS, 'labels', 'draft'],
  defaultTypes: ['opened', 'synchronize', 'reopened'],
}

/**
 * Events that can start a workflow, and what they can be filtered by. `labels` and `draft` are ours, all else is GitHub's.
 * Source: "Events that trigger workflows".
 */
export const EVENTS: ReadonlyMap<string, EventFilters> = new Map([
  ['pull_request', PULL_REQUEST],
  ['pull_request_target', PULL_REQUEST],
  ['push', { keys: [...BRANCHES, 'tags', 'tags-ignore', ...PATHS] }],
  ['schedule', { keys: ['entries'] }],
  ['workflow_dispatch', { keys: ['inputs'] }],
  ['issue_comment', { keys: ['types'] }],
  ['issues', { keys: ['types'] }],
  ['merge_group', { keys: ['types', ...BRANCHES] }],
  ['release', { keys: ['types'] }],
  ['workflow_run', { keys: ['types', 'workflows', ...BRANCHES] }],
  ['workflow_call', { keys: ['inputs', 'outputs', 'secrets'] }],
  ['pull_request_review', { keys: ['types'] }],
  ['discussion', { keys: ['types'] }],
  ['repository_dispatch', { keys: ['types'] }],
])

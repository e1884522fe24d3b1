import { EFFECT_KINDS, EFFECTS } from '../../schema/effects.ts'
import type { BuiltInTool } from './define-tool.ts'

/** Tools that are loaded when a workflow names one of them. */
export interface ToolFamily {
  /** Every name and other name of its tools; a test compares them. */
  readonly names: readonly string[]
  readonly load: () => Promise<readonly BuiltInTool[]>
}

/** The families, in the order in which they are documented; after the tools that are always there. */
export const TOOL_FAMILIES: readonly ToolFamily[] = [
  {
    names: [
      'github',
      'gitlab',
      'list_issues',
      'get_issue',
      'create_issue',
      'update_issue',
      'create_issue_comment',
      'list_pull_requests',
      'get_pull_request',
      'list_pull_request_files',
      'create_pull_request',
      'create_merge_request',
      'create_pull_request_comment',
      'create_pr_change_comment',
      'list_branches_in_repo',
      'list_repository_files',
      'read_repository_file',
      'write_repository_file',
    ],
    load: async () => (await import('./integrations/git-host/tools.ts')).gitHostTools,
  },
  {
    names: ['generic_jira_tool', 'generic_confluence_tool', 'sonar', 'Sonar'],
    load: async () => (await import('./integrations/relative-url.ts')).relativeTools,
  },
  {
    names: ['sql_query', 'sql', 'SQL', 'sql_execute', 'sql_tables'],
    load: async () => (await import('./integrations/sql/tools.ts')).sqlTools,
  },
  {
    names: ['notify', 'slack', 'Slack'],
    load: async () => (await import('./integrations/message/notify.ts')).notifyTools,
  },
  {
    names: ['send_email', 'Email', 'email'],
    load: async () => (await import('./integrations/message/email.ts')).emailTools,
  },
  {
    names: ['generic_git_tool', 'create_branch', 'set_active_branch'],
    load: async () => (await import('./git-change.ts')).gitChangeTools,
  },
  {
    names: EFFECT_KINDS.map((kind) => EFFECTS[kind].tool),
    load: async () => (await import('./propose.ts')).proposeTools,
  },
]

/** Tools of the families that any of the names may mean, in order. */
export async function loadFamilies(names: Iterable<string>): Promise<readonly BuiltInTool[]> {
  const wanted = [...names]
  const loaded = TOOL_FAMILIES.filter((family) => family.names.some((name) => wanted.some(means(name))))
  return (await Promise.all(loaded.map(({ load }) => load()))).flat()
}

/** A name that starts with `_` can be a piece of a tool's name; see `createToolRegistry`. */
function means(name: string): (written: string) => boolean {
  return (written) =>
    written === name || (written.startsWith('_') && `_${name}`.includes(written.replace(/^_+/, '_')))
}

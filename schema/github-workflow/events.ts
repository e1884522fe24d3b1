/** Events that hand secrets and a token that may write to what strangers sent. */
export const UNSAFE_EVENTS: readonly string[] = ['pull_request_target', 'workflow_run']

const PULL_REQUEST: readonly string[] = [
  ...['assigned', 'unassigned', 'labeled', 'unlabeled', 'opened', 'edited', 'closed', 'reopened'],
  ...['synchronize', 'converted_to_draft', 'locked', 'unlocked', 'enqueued', 'dequeued', 'milestoned'],
  ...['demilestoned', 'ready_for_review', 'review_requested', 'review_request_removed'],
  ...['auto_merge_enabled', 'auto_merge_disabled'],
]

/**
 * Activity types that GitHub knows, by event; it refuses a file with another one. `'any'`: the sender chooses the words.
 * Source: docs.github.com, "Events that trigger workflows".
 */
export const ACTIVITY_TYPES: Readonly<Record<string, readonly string[] | 'any'>> = {
  pull_request: PULL_REQUEST,
  issue_comment: ['created', 'edited', 'deleted'],
  issues: [
    ...['opened', 'edited', 'deleted', 'transferred', 'pinned', 'unpinned', 'closed', 'reopened'],
    ...['assigned', 'unassigned', 'labeled', 'unlabeled', 'locked', 'unlocked', 'milestoned'],
    ...['demilestoned', 'typed', 'untyped'],
  ],
  merge_group: ['checks_requested'],
  release: ['published', 'unpublished', 'created', 'edited', 'deleted', 'prereleased', 'released'],
  pull_request_review: ['submitted', 'edited', 'dismissed'],
  discussion: [
    ...['created', 'edited', 'deleted', 'transferred', 'pinned', 'unpinned', 'labeled', 'unlabeled'],
    ...['locked', 'unlocked', 'category_changed', 'answered', 'unanswered'],
  ],
  repository_dispatch: 'any',
}

import type { BuiltInTemplate } from './built-in.ts'

/** An assistant sums up what happened lately, for people who were away. */
export const summary: BuiltInTemplate = {
  id: 'summary',
  tryWith: "-i since='7 days ago'",
  text: `name: Summary
description: Reads the latest commits and tells in plain words what happened.
tags: [git, report]
category: reports
on: workflow_dispatch
inputs:
  since:
    type: string
    default: 7 days ago
    description: How far to look back, a date or something like 7 days ago

enable_summarization_node: false

assistants:
  - id: writer
    system_prompt: |
      You tell a team what happened in its repository. Group what belongs together, name who did it, leave out
      what nobody needs to know. Plain words, at most one page of Markdown.

tools:
  - id: commits
    tool: git_log
    tool_args:
      since: '{{ since }}'
      limit: 200
      files: true

states:
  - id: read-commits
    tool_id: commits
    next:
      state_id: write-summary
      output_key: log
      store_in_context: false
      include_in_llm_history: false

  - id: write-summary
    assistant_id: writer
    resolve_dynamic_values_in_prompt: true
    task: |
      Sum up these commits.

      {{ log }}
    next:
      state_id: end
`,
}

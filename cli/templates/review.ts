import type { BuiltInTemplate } from './built-in.ts'

/** An assistant reviews what a branch changes. */
export const review: BuiltInTemplate = {
  id: 'review',
  tryWith: '-i base=main',
  text: `name: Review
description: Reads what this branch changes compared to another one, and reviews it.
tags: [git, review]
category: review
on: workflow_dispatch
inputs:
  base:
    type: string
    default: main
    description: The branch to compare with

enable_summarization_node: false

assistants:
  - id: reviewer
    system_prompt: |
      You review changes to a code base. You get a unified diff, and you can read files of the repository to
      understand what surrounds a change. Report only what matters: mistakes, missing tests, risks. For each
      finding name the file and the line, say what goes wrong and how to mend it. Without findings say so.
    tools:
      - name: read_file
      - name: search_files

tools:
  - id: diff
    tool: git_diff
    tool_args:
      from: '{{ base }}'
      to: HEAD
      merge_base: true

states:
  - id: read-diff
    tool_id: diff
    next:
      state_id: review
      output_key: diff
      store_in_context: false
      include_in_llm_history: false

  - id: review
    assistant_id: reviewer
    resolve_dynamic_values_in_prompt: true
    task: |
      Review this diff against {{ base }} and answer in Markdown.

      {{ diff }}
    next:
      state_id: end
`,
}

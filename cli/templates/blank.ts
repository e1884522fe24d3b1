import type { BuiltInTemplate } from './built-in.ts'

/** One assistant with one task: what everything grows from. */
export const blank: BuiltInTemplate = {
  id: 'blank',
  tryWith: "--input 'Say hello'",
  text: `name: Blank
description: One assistant that does one thing, to begin a workflow of your own with.
tags: [start]
category: basics
parameters:
  role:
    type: string
    minLength: 1
    default: You help the people who work on this repository. Plain words, and no more of them than needed.
    description: Who the assistant is and how it works
  task:
    type: string
    minLength: 1
    default: Do what the user asks for.
    description: What it is to do in every run
on: workflow_dispatch

# Without this line a model call sums the run up at its end.
enable_summarization_node: false

assistants:
  - id: helper
    system_prompt: <<role>>
    tools:
      - name: read_file
      - name: search_files

states:
  - id: work
    assistant_id: helper
    task: <<task>>
    next:
      state_id: end
`,
}

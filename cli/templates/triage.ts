import type { BuiltInTemplate } from './built-in.ts'

/** An assistant sorts a report into one of three kinds, and each kind gets its own next step. */
export const triage: BuiltInTemplate = {
  id: 'triage',
  tryWith: "--input 'The page stays empty after I log in'",
  text: `name: Triage
description: Sorts a report of a user into bug, question or wish, and drafts an answer that fits.
tags: [issues]
category: issues
on:
  issues:
    types: [opened]

enable_summarization_node: false

assistants:
  - id: sorter
    system_prompt: |
      You sort reports of users. A bug is something that does not work as documented, a question asks how to do
      something, a wish asks for something new.
  - id: helper
    system_prompt: |
      You answer reports of users of this repository, kindly and shortly. Look into its files before you claim
      anything about it.
    tools:
      - name: read_file
      - name: search_files

states:
  - id: sort
    assistant_id: sorter
    task: Sort this report.
    output_schema: |
      {
        "type": "object",
        "properties": {
          "kind": { "type": "string", "enum": ["bug", "question", "wish"] },
          "urgency": { "type": "string", "enum": ["low", "normal", "high"] },
          "title": { "type": "string", "description": "One line that names the matter" }
        },
        "required": ["kind", "urgency", "title"]
      }
    next:
      switch:
        cases:
          - condition: kind == 'bug'
            state_id: find-cause
          - condition: kind == 'question'
            state_id: answer-question
        default: thank

  - id: find-cause
    assistant_id: helper
    task: Find where in this repository the bug may come from, and draft an answer that asks for what is missing.
    next:
      state_id: end

  - id: answer-question
    assistant_id: helper
    task: Answer the question from the files of this repository, naming the files.
    next:
      state_id: end

  - id: thank
    assistant_id: helper
    task: Thank for the idea, and say in two sentences what it would touch in this repository.
    next:
      state_id: end
`,
}

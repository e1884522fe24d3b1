import type { BuiltInTemplate } from './built-in.ts'

/** A text that is written to a file once a person has approved it. */
export const approval: BuiltInTemplate = {
  id: 'approval',
  tryWith: "--input 'Version 2.0 removes the old API'",
  text: `# Nothing is written before a person has said yes to exactly that: the draft is checked, shown, and held.
#
#   draft ──> check ──> (somebody approves) publish ──> done
#                └──(has problems)──> revise ──^
#
#     codemie-ci run <name> --input 'Version 2.0 removes the old API'
#     codemie-ci show latest                                # what would be written, and its digest
#     codemie-ci approve latest                             # or: codemie-ci reject latest -m 'Not before Monday'
#
# The file must be among those that workflows may write, in .codemie/config.yaml:
#
#     policy: { write_paths: [docs/**] }
name: Approval
description: Drafts a text, lets a second assistant check it, and writes it to a file once a person has approved it.
tags: [approval]
category: approval
parameters:
  text:
    type: string
    minLength: 1
    default: an announcement for users
    description: What is drafted
  rules:
    type: string
    minLength: 1
    default: No promises, no dates that were not given, no names of people.
    description: What the check looks for
  file:
    type: string
    pattern: ^[\\w./-]+$
    default: docs/announcement.md
    description: File that the approved text is written to
on: workflow_dispatch

# What it does to the outside, for those who review a change of it.
permissions:
  contents: write
enable_summarization_node: false

assistants:
  - id: writer
    system_prompt: |
      You write <<text>>. Plain words. Answer with the text alone, as Markdown.
  - id: checker
    system_prompt: |
      You check texts before they are published. The rules: <<rules>>
      Name each sentence that breaks a rule, and say which.

tools:
  - id: publish
    tool: write_file
    tool_args:
      path: <<file>>
      content: "{{ draft }}"

custom_nodes:
  - id: done
    custom_node_id: transform_node
    config:
      mappings:
        - { output_field: file, type: constant, value: <<file>> }
        - { output_field: text, type: extract, source_path: draft }

states:
  - id: draft
    assistant_id: writer
    task: Draft it from what the user says.
    next:
      state_id: check
      output_key: draft

  - id: check
    assistant_id: checker
    task: Check the draft.
    output_schema: |
      {
        "type": "object",
        "properties": { "problems": { "type": "array", "items": { "type": "string" } } },
        "required": ["problems"]
      }
    next:
      condition:
        expression: len(problems) > 0
        then: revise
        otherwise: publish

  - id: revise
    assistant_id: writer
    task: Write the draft anew without these problems.
    next:
      state_id: publish
      output_key: draft

  - id: publish
    tool_id: publish
    approval: true
    next:
      state_id: done

  - id: done
    custom_node_id: done
    next:
      state_id: end
`,
}

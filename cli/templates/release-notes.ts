import type { BuiltInTemplate } from './built-in.ts'

/** Release notes from git alone: the starter that always works. */
export const releaseNotes: BuiltInTemplate = {
  id: 'release-notes',
  tryWith: '',
  text: `name: Release notes
description: Lists the commits since the last tag, grouped by what they do. Needs no model and no key.
tags: [git, report]
category: reports
on: workflow_dispatch
inputs:
  limit:
    type: integer
    minimum: 1
    maximum: 1000
    default: 100
    description: The most commits to look at

# Without this CodeMie lets a model sum the run up at its end.
enable_summarization_node: false

tools:
  - id: commits
    tool: git_log
    tool_args:
      since_last_tag: true
      merges: exclude
      limit: 100 # the input of the same name takes its place

custom_nodes:
  - id: report
    custom_node_id: transform_node
    config:
      mappings:
        - output_field: fixes
          type: array_map
          source_path: commits
          item_field: subject
          filter_condition: item['subject'].lower().startswith('fix')
        - output_field: changes
          type: array_map
          source_path: commits
          item_field: subject
          filter_condition: not item['subject'].lower().startswith('fix')
        - output_field: report
          type: template
          template: |
            # Release notes

            {% if changes %}
            ## Changes

            {% for subject in changes %}
            - {{ subject }}
            {% endfor %}

            {% endif %}
            {% if fixes %}
            ## Fixes

            {% for subject in fixes %}
            - {{ subject }}
            {% endfor %}
            {% endif %}

  # What the run answers with: the report alone.
  - id: answer
    custom_node_id: transform_node
    config:
      mappings:
        - { output_field: report, type: extract, source_path: report }

states:
  - id: read-commits
    tool_id: commits
    next:
      state_id: write-report
      include_in_llm_history: false

  - id: write-report
    custom_node_id: report
    next:
      state_id: answer
      include_in_llm_history: false

  - id: answer
    custom_node_id: answer
    next:
      state_id: end
`,
}

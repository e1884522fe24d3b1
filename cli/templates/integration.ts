import type { BuiltInTemplate } from './built-in.ts'

/** Items of one system that are sent to another one. */
export const integration: BuiltInTemplate = {
  id: 'integration',
  tryWith: '',
  text: `# Reads from one system, keeps what fits, sends each item to another system, and says what became of them.
#
#   read ──> pick ──each item──> shape ──> send ──all──> log
#
# Both systems are integrations of .codemie/config.yaml, which holds their addresses and the names of their keys. Their
# hosts must be allowed there, too:
#
#     policy: { http_allow_hosts: [api.a.example, api.b.example] }
#     integrations:
#       source: { type: http, url: https://api.a.example, token_env: SOURCE_TOKEN }
#       target: { type: http, url: https://api.b.example, token_env: TARGET_TOKEN }
name: Integration
description: Reads items from one system over HTTP, and sends those that fit to another one.
tags: [integration, http]
category: integration
parameters:
  source_url:
    type: string
    pattern: ^https?://
    description: Address that answers with the items, as JSON
  target_url:
    type: string
    pattern: ^https?://
    description: Address that each item is sent to with POST
  items:
    type: string
    pattern: ^body(\\.\\w+)*$
    default: body.items
    description: Where the list of items is in the answer; body is all of it
  keep:
    type: string
    minLength: 1
    default: item.get('status') == 'open'
    description: Which items are sent, an expression about item
  record:
    type: string
    minLength: 1
    default: "{'id': task['id'], 'title': task['title']}"
    description: What is sent for an item, an expression about task
  source_alias:
    type: string
    pattern: ^[\\w-]+$
    default: source
    description: Integration of the system that is read
  target_alias:
    type: string
    pattern: ^[\\w-]+$
    default: target
    description: Integration of the system that is written to
on: workflow_dispatch

enable_summarization_node: false

tools:
  - id: read
    tool: http_get
    integration_alias: <<source_alias>>
    tool_args:
      url: <<source_url>>
  - id: send
    tool: http_request
    integration_alias: <<target_alias>>
    # Values replace arguments of their name: only those in here may, and not what the other system calls url.
    input_key: request
    tool_args:
      url: <<target_url>>
      method: POST
      body: {} # as \`shape\` has made it

custom_nodes:
  - id: pick
    custom_node_id: transform_node
    config:
      mappings:
        - { output_field: items, type: array_map, source_path: <<items>>, filter_condition: <<keep>> }
  - id: shape
    custom_node_id: transform_node
    config:
      input_source: state_schema # the item, as task
      mappings:
        - { output_field: request, type: script, script: "{'body': <<record>>}" }
  - id: log
    custom_node_id: transform_node
    config:
      mappings:
        # A status for each item that arrived, and an error for each that did not.
        - { output_field: arrived, type: extract, source_path: status, default: [] }
        - { output_field: sent, type: script, script: len(arrived) }
        - { output_field: failures, type: array_map, source_path: error, item_field: message }

states:
  - id: read
    tool_id: read
    next:
      state_id: pick

  - id: pick
    custom_node_id: pick
    next:
      state_id: shape
      iter_key: items
      # The answer of the other system has names that arguments have, too.
      clear_context_store: keep_current

  - id: shape
    custom_node_id: shape
    next:
      state_id: send
      iter_key: items
      reset_keys_in_context_store: [status, error] # of the item; \`log\` counts those of the answers

  - id: send
    tool_id: send
    on_error: { catch: tool, state_id: continue }
    next:
      state_id: log
      append_to_context: true

  - id: log
    custom_node_id: log
    next:
      state_id: end
`,
}

// @ts-check
// The workflows that are run and checked.

/** Folder of definitions in a repository. */
export const WORKFLOWS = '.codemie/workflows'

/**
 * Model steps in a row. No step sees another's answer, so that a request is as long at the end as at the start.
 * @param {number} steps
 */
export function modelChain(steps) {
  const states = Array.from(
    { length: steps },
    (_, i) => `  - id: step-${i + 1}
    assistant_id: helper
    task: Say something about number ${i + 1}.
    next:
      state_id: ${i + 1 < steps ? `step-${i + 2}` : 'end'}
      include_in_llm_history: false
`,
  )
  return `name: Chain
enable_summarization_node: false
recursion_limit: ${steps}
assistants:
  - id: helper
    model: gpt-5-mini
    system_prompt: You answer in one sentence.
states:
${states.join('')}`
}

/**
 * Steps in a row that cost next to nothing by themselves.
 * @param {number} steps
 */
export function cheapChain(steps) {
  const states = Array.from(
    { length: steps },
    (_, i) => `  - id: step-${i + 1}
    custom_node_id: note
    next:
      state_id: ${i + 1 < steps ? `step-${i + 2}` : 'end'}
      include_in_llm_history: false
`,
  )
  return `name: Notes
enable_summarization_node: false
recursion_limit: ${steps}
custom_nodes:
  - id: note
    custom_node_id: transform_node
    config:
      mappings:
        - { output_field: note, type: constant, value: A line of text that a step leaves behind }
states:
${states.join('')}`
}

/**
 * A loop of Octomind that never comes to what it waits for.
 * @param {number} rounds
 */
export function roleLoop(rounds) {
  return `name = "Rounds"

[[steps]]
name = "rounds"
loop = true
max_iterations = ${rounds}
exit_when = { matches = '(?m)^DONE' }

[[steps.run]]
name = "say"
role = "helper"
prompt = "Say something about {{input}}."
`
}

/** A foreach of Octomind over the lines of the input, and the role that both workflows ask. */
export function layerForEach() {
  return `[[roles]]
name = "helper"
model = "gpt-5-mini"
system = "You answer in one sentence."

[[layers]]
name = "say"
description = "Says something"
command = "octomind acp helper"
input_mode = "last"
output_mode = "none"
output_role = "assistant"

[[workflows]]
name = "items"
description = "Says something about each line"

[[workflows.steps]]
name = "each"
type = "foreach"
parse_pattern = '\\d+\\. (.+)'

[[workflows.steps.substeps]]
name = "say"
type = "once"
layer = "say"
`
}

/** One model step for each number of the input, which no step gets to see as a whole. */
export const MODEL_MAP = `name: Map
enable_summarization_node: false
max_concurrency: 50
assistants:
  - id: helper
    model: gpt-5-mini
    system_prompt: You answer in one sentence.
custom_nodes:
  - id: items
    custom_node_id: transform_node
    config:
      mappings:
        - { output_field: items, type: extract, source_path: items }
states:
  - id: split
    custom_node_id: items
    next:
      state_id: ask
      iter_key: items
      include_in_llm_history: false
      clear_prior_messages: true
      include_in_iterator_context: []
      reset_keys_in_context_store: [items]
  - id: ask
    assistant_id: helper
    task: Say something about this number.
    next:
      state_id: end
      include_in_llm_history: false
`

/**
 * A workflow as people write them: assistants, a tool, a map, a switch, expressions and templates.
 * @param {number} number Makes the files differ, also in length.
 */
export function reviewWorkflow(number) {
  const checks = Array.from({ length: 1 + (number % 4) }, (_, i) => i + 1)
  return `# Reviews what a branch changes, file by file (${number}).
name: Review ${number}
description: Looks at every changed file, sums the findings up and decides what happens next.
tags: [review, team-${number % 7}]
lifecycle: testing
inputs:
  base:
    type: string
    default: main
    description: The branch to compare with.
enable_summarization_node: false
max_concurrency: 5
retry_policy:
  max_attempts: 3
  initial_interval: 1
assistants:
  - id: reviewer
    model: gpt-5-mini
    temperature: 0.2
    system_prompt: |
      You review changes of a repository. Say what is wrong, where it is wrong and how to mend it.
      Leave style alone; a formatter does that.
    tools:
      - name: read_file
      - name: search_files
${checks.map((n) => `  - id: expert-${n}\n    system_prompt: You know area ${n} of this product better than anybody.\n`).join('')}tools:
  - id: diff
    tool: git_diff
    tool_args:
      from: '{{base}}'
      stat: true
custom_nodes:
  - id: collect
    custom_node_id: transform_node
    config:
      mappings:
        - { output_field: files, type: extract, source_path: files, default: [] }
        - output_field: count
          type: script
          script: len(files)
states:
  - id: read-diff
    tool_id: diff
    next:
      condition:
        expression: len(files) > 0 and base != 'HEAD'
        then: collect
        otherwise: end
  - id: collect
    custom_node_id: collect
    next:
      state_id: review-file
      iter_key: files
  - id: review-file
    assistant_id: reviewer
    task: |
      Review the changes of {{path}} against {{base}}. {% if count > 20 %}Be brief.{% endif %}
    resolve_dynamic_values_in_prompt: true
    output_schema: |
      {"type": "object", "properties": {"findings": {"type": "array", "items": {"type": "string"}},
       "severity": {"type": "string"}}, "required": ["findings", "severity"]}
    next:
      state_id: judge
      append_to_context: true
  - id: judge
    assistant_id: reviewer
    task: 'Judge all findings: {{findings}}'
    resolve_dynamic_values_in_prompt: true
    next:
      switch:
        cases:
${checks.map((n) => `          - condition: severity == 'level-${n}' or len(findings) > ${n * 10}\n            state_id: ask-${n}\n`).join('')}        default: end
${checks
  .map(
    (n) => `  - id: ask-${n}
    assistant_id: expert-${n}
    task: |
      {% for finding in findings %}- {{ finding }}
      {% endfor %}
      What do you say to these {{count}} findings, seen from area ${n}?
    resolve_dynamic_values_in_prompt: true
    next:
      state_id: end
`,
  )
  .join('')}`
}

/**
 * A workflow of many states as people write them, in groups of four: look, review each, judge, ask.
 * @param {number} states
 * @param {string} word Begins the ids of states, and stands in their tasks.
 */
export function longReview(states, word = 'area') {
  const groups = Array.from({ length: states / 4 }, (_, i) => i + 1)
  return `name: Long review
enable_summarization_node: false
recursion_limit: 500
assistants:
  - id: reviewer
    model: gpt-5-mini
    system_prompt: |
      You review changes of a repository. Say what is wrong, where it is wrong and how to mend it.
    tools:
      - name: read_file
      - name: search_files
tools:
  - id: diff
    tool: git_diff
    tool_args:
      from: '{{base}}'
states:
${groups
  .map(
    (n) => `  - id: ${word}-${n}-look
    tool_id: diff
    next:
      state_id: ${word}-${n}-review
      iter_key: files
  - id: ${word}-${n}-review
    assistant_id: reviewer
    task: |
      Review the changes of {{path}} as far as they are about ${word} ${n}. {% if count > 20 %}Be brief.{% endif %}
    resolve_dynamic_values_in_prompt: true
    output_schema: |
      {"type": "object", "properties": {"findings": {"type": "array", "items": {"type": "string"}}}}
    next:
      state_id: ${word}-${n}-judge
      append_to_context: true
  - id: ${word}-${n}-judge
    assistant_id: reviewer
    task: 'Judge what was found in ${word} ${n}: {{findings}}'
    resolve_dynamic_values_in_prompt: true
    next:
      condition:
        expression: len(findings) > ${n}
        then: ${word}-${n}-ask
        otherwise: ${n < groups.length ? `${word}-${n + 1}-look` : 'end'}
  - id: ${word}-${n}-ask
    assistant_id: reviewer
    task: Ask a person about ${word} ${n}
    approval: true
    next:
      state_id: ${n < groups.length ? `${word}-${n + 1}-look` : 'end'}
`,
  )
  .join('')}`
}

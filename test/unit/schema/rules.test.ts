import { describe, expect, it } from 'vitest'
import { readWorkflow } from '../../../schema/index.ts'

/** A sound workflow in which a row replaces or adds lines. */
const HEAD = `assistants:
  - id: a
    system_prompt: You help.
states:
`

const AGENT = '  - id: s1\n    assistant_id: a\n'

function file(...parts: readonly string[]): string {
  return parts.join('')
}

/** A sound workflow that is started by events. */
function triggered(on: string): string {
  return file(`on: {${on}}\n`, HEAD, AGENT, '    next: {state_id: end}\n')
}

/** A list that four machines may share, and the states that follow. */
function shared(...states: readonly string[]): string {
  const first = '  - {id: s1, assistant_id: a, next: {iter_key: x, state_id: s2, shard: 4}}\n'
  return file(HEAD, '#\n', first, ...states.map((state) => `  - ${state}\n`))
}

type Row = readonly [situation: string, text: string, expected: readonly string[]]

/** What is reported, as `severity code line:column`, without what each row has anyway. */
function report(text: string): readonly string[] {
  return readWorkflow({ file: 'file.yaml', text }).diagnostics.map(
    (one) => `${one.severity} ${one.code} ${one.line}:${one.column}`,
  )
}

const SHAPE: readonly Row[] = [
  ['an empty file', '', ['error no-states 1:1']],
  ['a list instead of a map', '- a', ['error wrong-type 1:1']],
  ['no states', 'assistants: []', ['error no-states 1:1']],
  ['states that are no list', 'states: x', ['error wrong-type 1:9']],
  ['a scalar as a state', 'states:\n  - 5', ['error wrong-type 2:5']],
  ['a missing key', file(HEAD, AGENT), ['error missing-key 5:5']],
  [
    'a number as an id',
    file(HEAD, '  - id: 5\n    assistant_id: a\n    next: {state_id: end}\n'),
    ['error wrong-type 5:9'],
  ],
  [
    'a number in quotes',
    file('recursion_limit: "50"\n', HEAD, AGENT, '    next: {state_id: end}\n'),
    ['error wrong-type 1:18'],
  ],
  [
    'a number that is not finite',
    file('budget: { usd: .inf }\n', HEAD, AGENT, '    next: {state_id: end}\n'),
    ['error wrong-type 1:16'],
  ],
  [
    'a number out of range',
    file('recursion_limit: 5001\n', HEAD, AGENT, '    next: {state_id: end}\n'),
    ['error out-of-range 1:18'],
  ],
  [
    'a value that is not listed',
    file(HEAD, AGENT, '    next: {state_id: end, clear_context_store: keep-current}\n'),
    ['error unknown-value 7:48'],
  ],
  [
    'a mistyped key',
    file('recursion_limits: 5\n', HEAD, AGENT, '    next: {state_id: end}\n'),
    ['warning unknown-key 1:1'],
  ],
  [
    'a key that every object of JavaScript has',
    file('constructor: 5\n', HEAD, AGENT, '    next: {state_id: end}\n'),
    ['warning unknown-key 1:1'],
  ],
  [
    'a key that is known to be ignored',
    file('retry_policy: {max_interval_seconds: 5}\n', HEAD, AGENT, '    next: {state_id: end}\n'),
    ['warning ignored-key 1:16'],
  ],
  [
    'a boolean in words where CodeMie allows it',
    file(HEAD, AGENT, "    resolve_dynamic_values_in_prompt: 'yes'\n    next: {state_id: end}\n"),
    [],
  ],
  [
    'a boolean in words where it does not',
    file(HEAD, AGENT, "    interrupt_before: 'yes'\n    next: {state_id: end}\n"),
    ['error wrong-type 7:23'],
  ],
  [
    'a temperature in quotes',
    file(
      'assistants:\n  - {id: a, system_prompt: x, temperature: "1"}\nstates:\n',
      AGENT,
      '    next: {state_id: end}\n',
    ),
    [],
  ],
  [
    'a temperature that is too high',
    file(
      'assistants:\n  - {id: a, system_prompt: x, temperature: 2.5}\nstates:\n',
      AGENT,
      '    next: {state_id: end}\n',
    ),
    ['error out-of-range 2:44'],
  ],
  [
    'an assistant without a prompt',
    file('assistants:\n  - id: a\nstates:\n', AGENT, '    next: {state_id: end}\n'),
    ['error missing-key 2:5'],
  ],
]

const STATES: readonly Row[] = [
  [
    'no worker',
    file(HEAD, '  - id: s1\n    next: {state_id: end}\n'),
    ['info unused-entry 2:9', 'error state-kind 5:9'],
  ],
  [
    'two workers',
    file(HEAD, AGENT, '    workflow_id: other\n    next: {state_id: end}\n'),
    ['error state-kind 7:5'],
  ],
  [
    'two ways on',
    file(HEAD, AGENT, '    next: {state_id: end, state_ids: [end]}\n'),
    ['error exclusive-keys 7:27', 'warning end-beside-others 7:39'],
  ],
  [
    'state_id with a condition',
    file(HEAD, AGENT, '    next: {state_id: end, condition: {expression: x, then: end, otherwise: end}}\n'),
    ['error exclusive-keys 7:27'],
  ],
  [
    'iter_key without a target',
    file(HEAD, AGENT, '    next: {iter_key: x}\n'),
    ['info path-stops 7:11', 'error iter-key-without-target 7:12'],
  ],
  [
    'an empty iter_key',
    file(HEAD, AGENT, "    next: {iter_key: '', state_id: end}\n"),
    ['error empty-reference 7:22'],
  ],
  [
    'both names of interrupt_before',
    file(
      HEAD,
      AGENT,
      '    interrupt_before: true\n    wait_for_user_confirmation: true\n    next: {state_id: end}\n',
    ),
    ['error exclusive-keys 8:5'],
  ],
  [
    'the older name of interrupt_before',
    file(HEAD, AGENT, '    wait_for_user_confirmation: true\n    next: {state_id: end}\n'),
    ['info deprecated-key 7:5'],
  ],
  [
    'the older name of include_in_llm_history',
    file(HEAD, AGENT, '    next: {state_id: end, keep_history: false}\n'),
    ['info deprecated-key 7:27'],
  ],
  [
    'both names of include_in_llm_history',
    file(HEAD, AGENT, '    next: {state_id: end, keep_history: false, include_in_llm_history: true}\n'),
    ['warning deprecated-key 7:27'],
  ],
  [
    'a reserved id',
    file(HEAD, '  - id: __start__\n    assistant_id: a\n    next: {state_id: end}\n'),
    ['error reserved-id 5:9'],
  ],
  [
    'the finalizer as an id where there is one',
    file(HEAD, '  - id: result_finalizer_node\n    assistant_id: a\n    next: {state_id: end}\n'),
    ['error reserved-id 5:9'],
  ],
  [
    'the finalizer as an id where there is none',
    file(
      'enable_summarization_node: false\n',
      HEAD,
      '  - id: result_finalizer_node\n    assistant_id: a\n    next: {state_id: end}\n',
    ),
    [],
  ],
  [
    'a colon in an id',
    file(HEAD, '  - id: "a:b"\n    assistant_id: a\n    next: {state_id: end}\n'),
    ['error reserved-id 5:9'],
  ],
  [
    "a state named 'end'",
    file(HEAD, '  - id: end\n    assistant_id: a\n    next: {state_id: end}\n'),
    ['warning state-named-end 5:9'],
  ],
  [
    'output_key with a name of the engine',
    file(HEAD, AGENT, '    next: {state_id: end, output_key: messages}\n'),
    ['error reserved-output-key 7:39'],
  ],
  [
    'output_key in a context that is emptied',
    file(HEAD, AGENT, '    next: {state_id: end, output_key: k, clear_context_store: true}\n'),
    ['warning output-not-stored 7:39'],
  ],
  [
    'output_key like iter_key',
    file(
      HEAD,
      AGENT,
      '    next: {state_id: s2, output_key: k, iter_key: k}\n',
      '  - {id: s2, assistant_id: a, next: {state_id: end}}\n',
    ),
    ['warning output-key-is-iter-key 7:38'],
  ],
  [
    'tool_args of an assistant',
    file(HEAD, AGENT, '    tool_args: {}\n    next: {state_id: end}\n'),
    ['warning ignored-key 7:5'],
  ],
  [
    'a timeout that is none',
    file(HEAD, AGENT, '    timeout: soon\n    next: {state_id: end}\n'),
    ['error bad-duration 7:14'],
  ],
  [
    'the key on, which is true in YAML 1.1',
    file('on: pull_requst\n', HEAD, AGENT, '    next: {state_id: end}\n'),
    ['warning unknown-event 1:5'],
  ],
  ['a mistyped filter', triggered('push: {branch: main}'), ['error unknown-filter 1:13']],
  ['a filter of another event', triggered('issues: {branches: main}'), ['error unknown-filter 1:15']],
  ['a list in place of filters', triggered('push: [main]'), ['error bad-filter 1:12']],
  ['a filter and its opposite', triggered('push: {paths: a, paths-ignore: b}'), ['error bad-filter 1:13']],
  ['patterns that only take away', triggered("push: {branches: ['!a', '!b']}"), ['error bad-filter 1:23']],
  ['no pattern', triggered('push: {tags: []}'), ['error bad-filter 1:19']],
  ['a schedule without a time', triggered('schedule: [{corn: 0 6 * * 1}]'), ['error bad-filter 1:16']],
  ['a draft that is a text', triggered('pull_request: {draft: maybe}'), ['error bad-filter 1:28']],
  [
    'filters that are as they should be',
    triggered(
      "pull_request: {branches: ['**', '!a'], labels: ai, draft: false}, schedule: [{cron: 0 6 * * 1}]",
    ),
    [],
  ],
  [
    'a retired workflow',
    file('lifecycle: retired\n', HEAD, AGENT, '    next: {state_id: end}\n'),
    ['info retired 1:12'],
  ],
  [
    'a budget that is no number',
    file('budget: {usd: lots}\n', HEAD, AGENT, '    next: {state_id: end}\n'),
    ['error wrong-type 1:15'],
  ],
  [
    'a mistyped key of a budget',
    file('budget: {us: 1}\n', HEAD, AGENT, '    next: {state_id: end}\n'),
    ['error unknown-key 1:10'],
  ],
  [
    'the mode Autonomous',
    file(
      'mode: Autonomous\nexecution_config:\n  assistants: [{id: a, system_prompt: x}]\n  states: [{id: s, assistant_id: a, next: {state_id: end}}]\n',
    ),
    ['error autonomous-mode 1:7'],
  ],
]

const REFERENCES: readonly Row[] = [
  [
    'an unknown assistant',
    file(HEAD, '  - id: s1\n    assistant_id: b\n    next: {state_id: end}\n'),
    ['info unused-entry 2:9', 'error unknown-assistant 6:19'],
  ],
  [
    'an unknown tool',
    file('states:\n  - id: s1\n    tool_id: t\n    next: {state_id: end}\n'),
    ['error unknown-tool 3:14'],
  ],
  [
    'an unknown custom node',
    file('states:\n  - id: s1\n    custom_node_id: t\n    next: {state_id: end}\n'),
    ['error unknown-custom-node 3:21'],
  ],
  ['an empty reference', file(HEAD, AGENT, "    next: {state_id: ''}\n"), ['error empty-reference 7:22']],
  [
    'unknown states in every place',
    file(
      HEAD,
      AGENT,
      '    on_error: u\n    next:\n      switch: {cases: [{condition: x, state_id: v}], default: w}\n',
    ),
    ['error unknown-state 7:15', 'error unknown-state 9:49', 'error unknown-state 9:63'],
  ],
  [
    'two states of one id',
    file(HEAD, AGENT, '    next: {state_id: end}\n', AGENT, '    next: {state_id: end}\n'),
    ['error duplicate-id 8:9'],
  ],
  [
    'two assistants of one id',
    file(
      'assistants:\n  - {id: a, system_prompt: x}\n  - {id: a, system_prompt: y}\nstates:\n',
      AGENT,
      '    next: {state_id: end}\n',
    ),
    ['warning duplicate-id 3:10'],
  ],
  [
    'a tool that no state uses',
    file('tools: [{id: t, tool: x}]\n', HEAD, AGENT, '    next: {state_id: end}\n'),
    ['info unused-entry 1:14'],
  ],
]

const SECOND = '  - {id: s2, assistant_id: a, next: {state_id: end}}\n'

const FLOW: readonly Row[] = [
  [
    'a state that nothing leads to',
    file(HEAD, AGENT, '    next: {state_id: end}\n', SECOND),
    ['warning unreachable-state 8:10'],
  ],
  [
    'a state that only on_error leads to',
    file(HEAD, AGENT, '    on_error: s2\n    next: {state_id: end}\n', SECOND),
    [],
  ],
  [
    'error handlers for codes, beginnings of codes, parties and a no',
    file(
      HEAD,
      AGENT,
      '    on_error: {catch: [step-timeout, provider-*, tool, rejected], state_id: end}\n    next: {}\n',
    ),
    ['info path-stops 8:11'],
  ],
  [
    'an error handler for a failure that there is not',
    file(HEAD, AGENT, '    on_error: {catch: reject, state_id: end}\n    next: {state_id: end}\n'),
    ['warning unknown-failure 7:23'],
  ],
  [
    'an error handler for no failure',
    file(HEAD, AGENT, '    on_error: {catch: [], state_id: end}\n    next: {state_id: end}\n'),
    ['error empty-reference 7:15'],
  ],
  [
    'an error handler that does nothing, and one that is never used',
    file(HEAD, AGENT, '    on_error: [{}, {state_id: end}]\n    next: {state_id: end}\n'),
    ['error empty-handler 7:16', 'warning handler-never-used 7:20'],
  ],
  ['a loop without a way out', file(HEAD, AGENT, '    next: {state_id: s1}\n'), ['warning endless-loop 5:9']],
  [
    'a loop with a way out',
    file(HEAD, AGENT, '    next: {condition: {expression: x, then: end, otherwise: s1}}\n'),
    [],
  ],
  ['a path that stops', file(HEAD, AGENT, '    next: {}\n'), ['info path-stops 7:11']],
  [
    'items that go to end',
    file(HEAD, AGENT, '    next: {iter_key: x, state_id: end}\n'),
    ['warning items-to-end 7:35'],
  ],
  [
    'a choice inside an iteration',
    file(
      HEAD,
      AGENT,
      '    next: {iter_key: x, state_id: s2}\n',
      '  - {id: s2, assistant_id: a, next: {condition: {expression: y, then: end, otherwise: end}}}\n',
    ),
    ['warning choice-ends-iteration 8:38'],
  ],
  [
    'another list inside an iteration',
    file(
      HEAD,
      AGENT,
      '    next: {iter_key: x, state_id: s2}\n',
      '  - {id: s2, assistant_id: a, next: {iter_key: y, state_id: s3}}\n',
      '  - {id: s3, assistant_id: a, next: {state_id: end}}\n',
    ),
    ['warning iteration-continues 8:48'],
  ],
  ['a map that several machines share', shared('{id: s2, assistant_id: a, next: {state_id: end}}'), []],
  [
    'more shards than a matrix has jobs',
    shared('{id: s2, assistant_id: a, next: {state_id: end}}').replace('shard: 4', 'shard: 257'),
    ['error out-of-range 6:72'],
  ],
  [
    'shards without a list',
    file(HEAD, AGENT, '    next: {state_id: end, shard: 4}\n'),
    ['error shard-without-items 7:27'],
  ],
  [
    'shards inside of an iteration, and twice',
    shared(
      '{id: s2, assistant_id: a, next: {iter_key: x, state_id: s3, shard: 2}}',
      '{id: s3, assistant_id: a, next: {state_id: s4}}',
      '{id: s4, assistant_id: a, next: {iter_key: x, state_id: s5, shard: 2}}',
      '{id: s5, assistant_id: a, next: {state_id: end}}',
    ),
    ['error shard-inside-items 7:65', 'warning shard-twice 9:65'],
  ],
  [
    'shared items that wait for a person',
    shared(
      '{id: s2, assistant_id: a, interrupt_before: true, next: {iter_key: x, state_id: s3}}',
      '{id: s3, assistant_id: a, approval: true, next: {state_id: s4}}',
      '{id: s4, assistant_id: a, approval: true, next: {state_id: end}}',
    ),
    ['error shard-waits 7:31', 'error shard-waits 8:31'],
  ],
  [
    'shared items that see what the first of three states left of all of them',
    shared(
      '{id: s2, assistant_id: a, next: {iter_key: x, state_id: s3}}',
      '{id: s3, assistant_id: a, next: {iter_key: x, state_id: s4}}',
      '{id: s4, assistant_id: a, next: {state_id: end}}',
    ),
    ['error shard-items-meet 7:10'],
  ],
  [
    'shared items whose first state leaves nothing, unless it fails',
    shared(
      '{id: s2, assistant_id: a, next: {iter_key: x, state_id: s3, store_in_context: false, include_in_llm_history: false}}',
      '{id: s3, assistant_id: a, on_error: s5, next: {iter_key: x, state_id: s4}}',
      '{id: s4, assistant_id: a, next: {state_id: end}}',
      '{id: s5, assistant_id: a, next: {state_id: end}}',
    ),
    [],
  ],
  [
    'shared items whose first state leads elsewhere when it fails',
    shared(
      '{id: s2, assistant_id: a, on_error: s5, next: {iter_key: x, state_id: s3, store_in_context: false, include_in_llm_history: false}}',
      '{id: s3, assistant_id: a, next: {iter_key: x, state_id: s4}}',
      '{id: s4, assistant_id: a, next: {state_id: end}}',
      '{id: s5, assistant_id: a, next: {state_id: end}}',
    ),
    ['error shard-items-meet 7:10'],
  ],
  [
    'shared items that go round in a loop',
    shared(
      '{id: s2, assistant_id: a, next: {iter_key: x, state_id: s3}}',
      '{id: s3, assistant_id: a, next: {iter_key: x, state_id: s2}}',
    ),
    ['warning endless-loop 6:10', 'error shard-items-meet 7:10', 'error shard-items-meet 8:10'],
  ],
  [
    'a history of one message',
    file('messages_limit_before_summarization: 1\n', HEAD, AGENT, '    next: {state_id: end}\n'),
    ['error limit-cannot-be-met 1:38'],
  ],
  [
    'a history of a few tokens',
    file('tokens_limit_before_summarization: 10\n', HEAD, AGENT, '    next: {state_id: end}\n'),
    ['warning limit-too-low 1:36'],
  ],
  [
    'fewer supersteps than the shortest path',
    file('recursion_limit: 2\n', HEAD, AGENT, '    next: {state_id: s2}\n', SECOND),
    ['warning limit-too-low 1:18'],
  ],
  [
    'enough supersteps without the summary',
    file(
      'enable_summarization_node: false\nrecursion_limit: 2\n',
      HEAD,
      AGENT,
      '    next: {state_id: s2}\n',
      SECOND,
    ),
    [],
  ],
  [
    'more steps at once than ever run',
    file('max_concurrency: 50\n', HEAD, AGENT, '    next: {state_id: end}\n'),
    ['info concurrency-lowered 1:18'],
  ],
  [
    'a pause in milliseconds',
    file('retry_policy: {initial_interval: 1000}\n', HEAD, AGENT, '    next: {state_id: end}\n'),
    ['warning retry-in-seconds 1:34'],
  ],
]

const condition = (expression: string) =>
  file(
    HEAD,
    AGENT,
    '    next:\n      condition:\n        expression: ',
    expression,
    '\n        then: end\n        otherwise: end\n',
  )

const EXPRESSIONS: readonly Row[] = [
  ['no Python', condition('a && b'), ['error expression-syntax 9:24']],
  ['no Python, in quotes', condition('"a && b"'), ['error expression-syntax 9:25']],
  ['a blank in front', condition("' a'"), ['error expression-syntax 9:22']],
  ['a comprehension', condition('"[i for i in x]"'), ['warning expression-refused 9:22']],
  ['a field as an attribute', condition('a.b == 1'), ['warning attribute-of-dict 9:21']],
  ['a method of a text', condition("a.lower() == 'b'"), []],
  ['a method of JavaScript', condition("a.includes('b')"), ['warning foreign-method 9:21']],
  ['null', condition('a == null'), ['warning foreign-name 9:26']],
  ['true in lower case', condition('a == true'), []],
  [
    'a case of a switch',
    file(HEAD, AGENT, '    next: {switch: {cases: [{condition: "x = 1", state_id: end}], default: end}}\n'),
    ['error expression-syntax 7:44'],
  ],
  [
    'a script that cannot be read',
    file(
      'custom_nodes:\n  - id: t\n    custom_node_id: transform_node\n    config: {mappings: [{output_field: o, type: script, script: "1 +"}]}\nstates:\n  - {id: s, custom_node_id: t, next: {state_id: end}}\n',
    ),
    ['warning expression-syntax 4:69'],
  ],
  [
    'an attribute of the item of a filter',
    file(
      'custom_nodes:\n  - id: t\n    custom_node_id: transform_node\n    config: {mappings: [{output_field: o, type: array_map, source_path: x, filter_condition: item.a}]}\nstates:\n  - {id: s, custom_node_id: t, next: {state_id: end}}\n',
    ),
    ['warning attribute-of-dict 4:94'],
  ],
]

const TEMPLATES: readonly Row[] = [
  [
    'a placeholder in a task that is no template',
    file(HEAD, AGENT, '    task: |\n      Write\n      about {{topic}}.\n    next: {state_id: end}\n'),
    ['warning template-not-rendered 9:13'],
  ],
  [
    'a placeholder in a template',
    file(
      HEAD,
      AGENT,
      '    task: about {{topic}}\n    resolve_dynamic_values_in_prompt: true\n    next: {state_id: end}\n',
    ),
    [],
  ],
  [
    'a template that cannot be read',
    file(
      HEAD,
      AGENT,
      '    task: about {{topic\n    resolve_dynamic_values_in_prompt: true\n    next: {state_id: end}\n',
    ),
    ['warning template-syntax 7:24'],
  ],
  [
    '{{task}} for the item',
    file(
      HEAD,
      AGENT,
      '    task: about {{task}}\n    resolve_dynamic_values_in_prompt: true\n    next: {state_id: end}\n',
    ),
    ['warning no-item-variable 7:17'],
  ],
  [
    'a list that the answer does not have',
    file(
      HEAD,
      AGENT,
      '    output_schema: \'{"items": []}\'\n    next: {iter_key: files, state_id: s2}\n',
      SECOND,
    ),
    ['warning iter-key-not-in-schema 8:22'],
  ],
  [
    'a list that the answer need not have, because the item goes on',
    file(
      HEAD,
      AGENT,
      '    output_schema: \'{"files": []}\'\n    next: {iter_key: files, state_id: s2}\n',
      '  - {id: s2, assistant_id: a, output_schema: \'{"verdict": ""}\', next: {iter_key: files, state_id: s3}}\n',
      '  - {id: s3, assistant_id: a, task: t, next: {state_id: end}}\n',
    ),
    [],
  ],
  [
    'a list that the answer needs where a state splits its own output',
    file(
      HEAD,
      AGENT,
      '    output_schema: \'{"files": []}\'\n    next: {iter_key: files, state_id: s2}\n',
      '  - {id: s2, assistant_id: a, finish_iteration: true, output_schema: \'{"verdict": ""}\', next: {iter_key: files, state_id: s3}}\n',
      '  - {id: s3, assistant_id: a, task: t, next: {state_id: end}}\n',
    ),
    ['warning iter-key-not-in-schema 9:106'],
  ],
  [
    'a list deeper in the answer',
    file(
      HEAD,
      AGENT,
      '    output_schema: \'{"data": {"files": []}}\'\n    next: {iter_key: /data/files, state_id: s2}\n',
      SECOND,
    ),
    [],
  ],
  [
    'a schema that is nearly one',
    file(HEAD, AGENT, '    output_schema: \'{"type": "object"}\'\n    next: {state_id: end}\n'),
    ['info schema-not-enforced 7:20'],
  ],
]

const node = (lines: string) =>
  file('custom_nodes:\n', lines, 'states:\n  - {id: s, custom_node_id: t, next: {state_id: end}}\n')

const WORKERS: readonly Row[] = [
  [
    'a kind of node that does not exist',
    node('  - {id: t, custom_node_id: transform}\n'),
    ['error unknown-node-kind 2:29'],
  ],
  [
    'a kind of node that cannot be used',
    node('  - {id: t, custom_node_id: tool_node}\n'),
    ['error unknown-node-kind 2:29'],
  ],
  [
    'a kind of node for inner use',
    node('  - {id: t, custom_node_id: agent_node}\n'),
    ['warning inner-custom-node 2:29'],
  ],
  ['the id as the kind', node('  - {id: t}\n'), ['error unknown-node-kind 2:10']],
  [
    'both filters of documents',
    node(
      '  - {id: t, custom_node_id: generate_documents_tree, config: {datasource_id: d, documents_filter: a, documents_filtering_pattern: b}}\n',
    ),
    ['error exclusive-keys 2:81'],
  ],
  [
    'a Bedrock flow without an integration',
    node(
      '  - {id: t, custom_node_id: bedrock_flow_node, config: {flow_id: f, input_node_name: i, input_node_output_field: o}}\n',
    ),
    ['error node-setting-missing 2:56'],
  ],
  [
    'a mapping without a field',
    node('  - {id: t, custom_node_id: transform_node, config: {mappings: [{type: constant, value: 1}]}}\n'),
    ['warning transform-setting 2:65'],
  ],
  [
    'a mapping of an unknown type',
    node(
      '  - {id: t, custom_node_id: transform_node, config: {mappings: [{output_field: o, type: copy}]}}\n',
    ),
    ['warning transform-setting 2:89'],
  ],
  [
    'tools beside a stored assistant',
    file(
      'assistants:\n  - {id: a, assistant_id: stored, tools: [{name: x}]}\nstates:\n',
      AGENT,
      '    next: {state_id: end}\n',
    ),
    ['warning ignored-key 2:35'],
  ],
  [
    'an MCP server that cannot be reached',
    file(
      'assistants:\n  - {id: a, system_prompt: x, mcp_servers: [{name: m}]}\nstates:\n',
      AGENT,
      '    next: {state_id: end}\n',
    ),
    ['error mcp-config 2:52'],
  ],
  [
    'an MCP server that is switched off',
    file(
      'assistants:\n  - {id: a, system_prompt: x, mcp_servers: [{name: m, enabled: false}]}\nstates:\n',
      AGENT,
      '    next: {state_id: end}\n',
    ),
    [],
  ],
  [
    'an MCP server with a command and a url',
    file(
      'assistants:\n  - {id: a, system_prompt: x, mcp_servers: [{name: m, config: {command: c, url: u}}]}\nstates:\n',
      AGENT,
      '    next: {state_id: end}\n',
    ),
    ['error mcp-config 2:81'],
  ],
  [
    'a token in a header',
    file(
      'assistants:\n  - {id: a, system_prompt: x, mcp_servers: [{name: m, config: {url: u, headers: {Authorization: Bearer ghp_',
      '0'.repeat(36),
      '}}}]}\nstates:\n',
      AGENT,
      '    next: {state_id: end}\n',
    ),
    ['warning secret-in-file 2:97'],
  ],
]

describe.each([
  ['shape', SHAPE],
  ['states', STATES],
  ['references', REFERENCES],
  ['flow', FLOW],
  ['expressions', EXPRESSIONS],
  ['templates', TEMPLATES],
  ['workers', WORKERS],
])('rules: %s', (_group, rows) => {
  it.each(rows)('%s', (_situation, text, expected) => {
    expect(report(text)).toEqual(expected)
  })
})

describe('forms of a file', () => {
  const config =
    'assistants: [{id: a, system_prompt: x}]\nstates:\n  - id: s\n    assistant_id: b\n    next: {state_id: end}\n'

  it('points into the template form', () => {
    const text = `name: N\nexecution_config:\n${config.replace(/^/gm, '  ').trimEnd()}\n`
    expect(report(text)).toEqual(['info unused-entry 3:21', 'error unknown-assistant 6:21'])
  })

  it('points into the YAML text of a record', () => {
    const text = `name: N\nyaml_config: |\n${config.replace(/^/gm, '    ').trimEnd()}\n`
    expect(report(text)).toEqual(['info unused-entry 3:23', 'error unknown-assistant 6:23'])
  })

  it('reads a TOML file as one of Octomind', () => {
    expect(readWorkflow({ file: 'a.toml', text: 'x = 1' }).diagnostics.map((one) => one.code)).toEqual([
      'missing-key',
      'no-steps',
      'unknown-key',
    ])
  })
})

describe('hostile files', () => {
  const many = (line: (i: number) => string) => Array.from({ length: 8000 }, (_, i) => line(i)).join('\n')

  it.each([
    [
      'braces that never close',
      file(HEAD, AGENT, `    task: "${'{{'.repeat(500_000)}"\n    next: {state_id: end}\n`),
      0,
    ],
    [
      'tabs in a comment',
      file(`# ${'\t'.repeat(1_000_000)}\n`, HEAD, AGENT, '    next: {state_id: end}\n'),
      0,
    ],
    [
      'thousands of wrong names',
      file(
        'states:\n',
        many((i) => `  - {id: s${i}, assistant_id: b${i}, next: {state_id: q${i}}}`),
      ),
      16_000,
    ],
    [
      'names of half a megabyte',
      file(HEAD, `  - {id: s, assistant_id: ${'a'.repeat(500_000)}, next: {state_id: end}}\n`),
      1,
    ],
    [
      'an expression of brackets',
      file(
        HEAD,
        AGENT,
        `    next: {condition: {expression: "${'('.repeat(200_000)}", then: end, otherwise: end}}\n`,
      ),
      1,
    ],
  ])('%s are read in time', (_situation, text, errors) => {
    const { diagnostics } = readWorkflow({ file: 'file.yaml', text })
    expect(diagnostics.filter((one) => one.severity === 'error').length).toBe(errors)
  })
})

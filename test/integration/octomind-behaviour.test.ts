import { describe, expect, test } from 'vitest'
import { layerText, runConfiguration, runFile, type SeenCase } from '../helpers/octomind-case.ts'

/** The behaviour cases of the notes on Octomind, by their numbers. */
type Case = [number: number, situation: string, run: () => Promise<SeenCase>, expected: Expected]
interface Expected extends Partial<Pick<SeenCase, 'end' | 'told' | 'asked' | 'outputs'>> {
  /** One of the codes. */
  readonly code?: string
  readonly reason?: RegExp
}

const WF = '[[workflows]]\nname = "wf"\ndescription = "d"\n'
const once = (name: string, layer = name) =>
  `[[workflows.steps]]\nname = "${name}"\ntype = "once"\nlayer = "${layer}"\n`
const sub = (name: string) =>
  `[[workflows.steps.substeps]]\nname = "${name}"\ntype = "once"\nlayer = "${name}"\n`
const step = (type: string, keys: string) => `[[workflows.steps]]\nname = "s"\ntype = "${type}"\n${keys}\n`
const loop = (keys: string) => step('loop', keys) + sub('propose') + sub('validate')

describe('workflows of a configuration', () => {
  test.each<Case>([
    [
      1,
      'two layers',
      () => runConfiguration(WF + once('refine') + once('research'), { refine: ['r'], research: ['q'] }),
      { told: ['refine: i', 'research: r'], asked: ['main: q'] },
    ],
    [
      2,
      'a step without its layer',
      () => runConfiguration(`${WF}${step('once', '')}`, {}),
      { end: 'fails', code: 'missing-key', asked: [] },
    ],
    [
      3,
      'no steps',
      () => runConfiguration(`${WF}steps = []`, { x: ['X'] }),
      { end: 'fails', code: 'no-steps' },
    ],
    [
      4,
      'a loop that ends in its second round',
      () =>
        runConfiguration(WF + loop('max_iterations = 3\nexit_pattern = "APPROVED"'), {
          propose: ['p1', 'p2'],
          validate: ['no', 'APPROVED'],
        }),
      { told: ['propose: i', 'validate: p1', 'propose: no', 'validate: p2'], asked: ['main: APPROVED'] },
    ],
    [
      5,
      'a loop that never gets there',
      () =>
        runConfiguration(WF + loop('max_iterations = 3\nexit_pattern = "never"'), {
          propose: ['p'],
          validate: ['1', '2', '3'],
        }),
      { end: 'succeeds', asked: ['main: 3'] },
    ],
    [
      6,
      'a loop without a limit of its own',
      async () => {
        const run = await runConfiguration(WF + loop('exit_pattern = "never"'), {
          propose: ['p'],
          validate: ['no'],
        })
        return { ...run, told: [`${run.told.length}`] }
      },
      { told: ['20'] },
    ],
    [
      8,
      'a loop that never runs',
      () =>
        runConfiguration(WF + loop('max_iterations = 0\nexit_pattern = "x"'), {
          propose: ['p'],
          validate: ['v'],
        }),
      { told: [], asked: ['main: i'] },
    ],
    [
      9,
      'a loop without a pattern',
      () => runConfiguration(WF + loop(''), { propose: ['p'], validate: ['v'] }),
      { end: 'fails', code: 'missing-key' },
    ],
    [
      10,
      'an anchored pattern and a longer word',
      () =>
        runConfiguration(WF + loop('max_iterations = 2\nexit_pattern = "^COMPLETE$"'), {
          propose: ['p'],
          validate: ['INCOMPLETE', 'COMPLETE'],
        }),
      { asked: ['main: COMPLETE'] },
    ],
    [
      11,
      'items by their group, in order',
      () =>
        runConfiguration(
          WF + once('dec') + step('foreach', "parse_pattern = 'SUBGOAL \\d+: (.*)'") + sub('work'),
          { dec: ['SUBGOAL 1: Add\nSUBGOAL 2: Make'], work: ['o1', 'o2'] },
        ),
      { told: ['dec: i', 'work: Add', 'work: Make'], asked: ['main: o1\n\no2'] },
    ],
    [
      13,
      'items of a numbered list',
      () =>
        runConfiguration(
          WF + step('foreach', "parse_pattern = '\\d+\\. (.+)'") + sub('work'),
          { work: ['o'] },
          { stdin: '1. one\n2. two' },
        ),
      { told: ['work: one', 'work: two'] },
    ],
    [
      14,
      'no item',
      () =>
        runConfiguration(WF + step('foreach', "parse_pattern = 'nothing'") + sub('work') + once('after'), {
          work: ['o'],
          after: ['A'],
        }),
      { told: ['after: '], asked: ['main: A'] },
    ],
    [
      16,
      'a foreach with a layer alone',
      () =>
        runConfiguration(
          WF + step('foreach', 'parse_pattern = "[ab]"\nlayer = "work"'),
          { work: ['o'] },
          { stdin: 'ab' },
        ),
      { told: ['work: a', 'work: b'], code: 'older-form' },
    ],
    [
      17,
      'a branch that is fed with the text that was tested',
      () =>
        runConfiguration(
          WF +
            step(
              'conditional',
              'layer = "chk"\ncondition_pattern = "VALID"\non_match = ["p", "e"]\non_no_match = ["f"]',
            ),
          { chk: ['VALID ok'], p: ['P'], e: ['E'], f: ['F'] },
        ),
      { told: ['chk: i', 'p: VALID ok', 'e: P'], asked: ['main: E'] },
    ],
    [
      18,
      'no branch for what came out',
      () =>
        runConfiguration(
          WF + step('conditional', 'layer = "chk"\ncondition_pattern = "VALID"\non_match = ["p"]'),
          { chk: ['nope'], p: ['P'] },
        ),
      { told: ['chk: i'], asked: ['main: nope'] },
    ],
    [
      20,
      'a command of a branch that fails',
      () =>
        runConfiguration(
          WF + step('conditional', 'layer = "chk"\ncondition_pattern = "x"\non_no_match = ["exit 3"]'),
          { chk: ['nope'] },
        ),
      { told: ['chk: i'], asked: ['main: i'] },
    ],
    [
      21,
      'answers in the order of the definition',
      () => runConfiguration(WF + step('parallel', 'parallel_layers = ["a", "b"]'), { a: ['1'], b: ['2'] }),
      { asked: ['main: 1\n\n2'] },
    ],
    [
      22,
      'an aggregator',
      () =>
        runConfiguration(WF + step('parallel', 'parallel_layers = ["a", "b"]\naggregator = "s"'), {
          a: ['1'],
          b: ['2'],
          s: ['S'],
        }),
      { told: ['a: i', 'b: i', 's: 1\n\n---\n\n2'], asked: ['main: S'] },
    ],
    [
      24,
      'nothing to run at once',
      () => runConfiguration(WF + step('parallel', 'parallel_layers = []'), {}),
      { end: 'fails', code: 'missing-key' },
    ],
    [
      25,
      'an aggregator that there is not',
      () =>
        runConfiguration(WF + step('parallel', 'parallel_layers = ["a"]\naggregator = "ghost"'), {
          a: ['1'],
        }),
      { end: 'fails', code: 'unknown-layer', reason: /ghost/ },
    ],
    [
      26,
      'blocks in blocks',
      () =>
        runConfiguration(
          `${WF}${once('dec')}${step('foreach', 'parse_pattern = "<s>(.+?)</s>"')}[[workflows.steps.substeps]]\nname = "l"\ntype = "loop"\nmax_iterations = 4\nexit_pattern = "COMPLETE"\n[[workflows.steps.substeps.substeps]]\nname = "p"\ntype = "parallel"\nparallel_layers = ["a", "b"]\naggregator = "sel"\n[[workflows.steps.substeps.substeps]]\nname = "v"\ntype = "conditional"\nlayer = "mon"\ncondition_pattern = "VALID"\non_match = ["pred"]\n[[workflows.steps.substeps.substeps]]\nname = "o"\ntype = "once"\nlayer = "orch"\n${once('fin')}`,
          {
            dec: ['<s>1</s><s>2</s>'],
            a: ['A'],
            b: ['B'],
            sel: ['S'],
            mon: ['VALID'],
            pred: ['P'],
            orch: ['COMPLETE'],
            fin: ['F'],
          },
        ),
      {
        told: [
          'dec: i',
          'a: 1',
          'b: 1',
          'sel: A\n\n---\n\nB',
          'mon: S',
          'pred: VALID',
          'orch: P',
          'a: 2',
          'b: 2',
          'sel: A\n\n---\n\nB',
          'mon: S',
          'pred: VALID',
          'orch: P',
          'fin: COMPLETE\n\nCOMPLETE',
        ],
      },
    ],
    [
      28,
      'a layer that sees the last answer',
      () =>
        runConfiguration(
          `${WF}${once('x')}${once('y')}${layerText('x', 'input_mode = "last"\noutput_mode = "append"\noutput_role = "assistant"')}`,
          { y: ['Y'] },
          { acp: { x: { replies: ['M'] }, y: { replies: ['Y'] } } },
        ),
      { told: ['x: i', 'y: Previous response:\nM\n\nCurrent input:\nM'] },
    ],
    ...(['none', 'append', 'last', 'replace'] as const).map(
      (mode): Case => [
        30,
        `output_mode ${mode}`,
        () =>
          runConfiguration(
            `${WF}${once('x')}${layerText('x', `input_mode = "last"\noutput_mode = "${mode}"\noutput_role = "assistant"`)}`,
            {},
            { acp: { x: { replies: ['OUT'] } } },
          ),
        { asked: [mode === 'none' ? 'main: OUT' : 'main: OUT / OUT'] },
      ],
    ),
    [
      31,
      'a mode that there is not',
      () => runConfiguration(`${WF}${once('x')}${layerText('x', 'output_mode = "overwrite"')}`, {}),
      { end: 'fails', code: 'unknown-value', reason: /output_mode/ },
    ],
    [
      31,
      'a mode in capitals',
      () =>
        runConfiguration(
          `${WF}${once('x')}${layerText('x', 'input_mode = "LAST"\noutput_mode = "NONE"\noutput_role = "assistant"')}`,
          {},
          { acp: { x: { replies: ['X'] } } },
        ),
      { told: ['x: i'] },
    ],
    [
      35,
      'a workflow that fails leaves the input',
      () =>
        runConfiguration(
          WF + once('x') + once('y'),
          { x: ['X'] },
          {
            config_append: `${WF}${once('x')}${once('y')}${layerText('x')}${layerText('y')}`,
            acp: { x: { replies: ['X'] }, y: { replies: [{ error: { message: 'boom' } }] } },
          },
        ),
      { end: 'succeeds', asked: ['main: i'] },
    ],
  ])('%i: %s', (_number, _situation, run, expected) => check(run, expected))
})

const PIPE = '[[pipelines]]\nname = "pipe"\ndescription = "d"\n'
const script = (name: string, keys: string) =>
  `[[pipelines.steps]]\nname = "${name}"\ntype = "once"\n${keys}\n`
const piped = (config: string, files: Readonly<Record<string, string>>) =>
  runConfiguration(PIPE + config, {}, { roles: [{ name: 'main', pipeline: 'pipe' }], files })

describe('pipelines', () => {
  test.each<Case>([
    [
      32,
      'two programs',
      () =>
        piped(script('s', 'command = "./one.sh"') + script('t', 'command = "./two.sh"'), {
          'one.sh': '#!/bin/sh\nprintf "1$(cat)"',
          'two.sh': '#!/bin/sh\nprintf "2$(cat)"',
        }),
      { asked: ['main: 21i'] },
    ],
    [
      33,
      'a program that fails',
      () => piped(script('s', 'command = "./bad.sh"'), { 'bad.sh': '#!/bin/sh\necho no >&2\nexit 1' }),
      { end: 'fails', asked: [], reason: /exit code 1: no/ },
    ],
    [
      34,
      'a program that takes too long',
      () =>
        piped(script('s', 'command = "./slow.sh"\ntimeout = 1'), { 'slow.sh': '#!/bin/sh\nexec sleep 5' }),
      { end: 'fails', asked: [], code: 'step-timeout' },
    ],
    [
      34,
      'no time at all',
      () => piped(script('s', 'command = "./one.sh"\ntimeout = 0'), {}),
      { end: 'fails', code: 'out-of-range' },
    ],
    [
      34,
      'more than an hour',
      () => piped(script('s', 'command = "./one.sh"\ntimeout = 3601'), {}),
      { end: 'fails', code: 'out-of-range' },
    ],
  ])('%i: %s', (_number, _situation, run, expected) => check(run, expected))
})

const leaf = (name: string, prompt: string, keys = '') =>
  `[[steps]]\nname = "${name}"\nrole = "${name}"\nprompt = '''${prompt}'''\n${keys}\n`
const inner = (name: string, prompt: string, keys = '') =>
  `[[steps.run]]\nname = "${name}"\nrole = "${name}"\nprompt = '''${prompt}'''\n${keys}\n`
const block = (kind: string, keys = '') => `[[steps]]\nname = "p"\n${kind} = true\n${keys}\n`
const many = (match: string) => block('parallel', `match = '${match}'\nsource = "plan"`) + inner('w', '{{p}}')
const edge = (from: string, to: string, when = '') =>
  `[[edges]]\nfrom = "${from}"\nto = "${to}"\n${when && `when = { contains = "${when}" }`}\n`
const graph = (keys: string) => `entry = "plan"\nmax_transitions = 9\n${keys}`
const cost = (usd: number) => ({ text: 'A', usage: { prompt_tokens: 1, completion_tokens: 1, cost: usd } })
const broken = { status: 500 }

describe('workflows in files of their own', () => {
  test.each<Case>([
    [
      37,
      'blanks around the input',
      () => runFile(leaf('a', '[{{input}}]'), { a: ['A'] }, { stdin: '  hi \n' }),
      { asked: ['a: [hi]'], outputs: ['a: A'] },
    ],
    [
      38,
      'no input',
      () => runFile(leaf('a', 'x'), { a: ['A'] }, { stdin: ' \n' }),
      { end: 'fails', code: 'inputs-invalid', asked: [] },
    ],
    [
      38,
      'a plan without input',
      () => runFile(leaf('a', 'x'), { a: ['A'] }, { stdin: '', argv: ['workflow', 'wf.toml', '--dry-run'] }),
      { end: 'succeeds', asked: [] },
    ],
    [
      39,
      'a name that nothing has',
      () => runFile(leaf('a', '{{nope}}'), { a: ['A'] }),
      { end: 'fails', code: 'unknown-variable', reason: /nope/ },
    ],
    [
      40,
      'a later step in a prompt',
      () => runFile(leaf('a', '{{b}}') + leaf('b', 'x'), { a: ['A'], b: ['B'] }),
      { end: 'fails', code: 'unknown-variable' },
    ],
    [
      40,
      'a later step in a graph',
      () =>
        runFile(
          `entry = "a"\nmax_transitions = 3\n${leaf('a', '{{b}}')}${leaf('b', 'x')}${edge('a', 'b')}${edge('b', '$end')}`,
          { a: ['A'], b: ['B'] },
        ),
      { end: 'fails', code: 'output-missing', asked: [] },
    ],
    [
      41,
      'a name twice',
      () =>
        runFile(leaf('a', 'x') + block('loop', 'exit_when = { contains = "x" }') + inner('a', 'y'), {
          a: ['A'],
        }),
      { end: 'fails', code: 'duplicate-id' },
    ],
    ...['input', '$end', ' '].map(
      (name): Case => [
        41,
        `a step called '${name}'`,
        () => runFile(leaf(name, 'x'), { a: ['A'] }),
        { end: 'fails', code: name === ' ' ? 'out-of-range' : 'reserved-name' },
      ],
    ),
    [
      42,
      'two kinds at once',
      () => runFile(block('parallel = true\nloop') + inner('a', 'x') + inner('b', 'y'), { a: ['A'] }),
      { end: 'fails', code: 'several-kinds' },
    ],
    [
      44,
      'braces that stay',
      () => runFile(leaf('a', '{{{{CWD}}}} {{ input }} {{{input}}}'), { a: ['A'] }),
      { asked: ['a: {{CWD}} {{ input }} {in}'] },
    ],
    [
      45,
      'lines of a file',
      () =>
        runFile(
          leaf('a', '<context>f.txt:1:2</context><context></context><context>no.txt:1:1</context>'),
          { a: ['A'] },
          { files: { 'f.txt': 'one\n<two>\n' } },
        ),
      {
        asked: [
          'a: FILE CONTEXT:\n\n<content path="f.txt" lines="1:2">\n1:6b|one\n2:8a|&lt;two&gt;\n</content>\n\nFILE CONTEXT:\n\n<content path="no.txt" lines="1:1" error="true">\nFile not found: no.txt\n</content>',
        ],
      },
    ],
    [
      46,
      'a second attempt',
      () => runFile(leaf('a', 'x', 'retries = 1'), { a: [broken, 'A'] }),
      { end: 'succeeds', asked: ['a: x', 'a: x'] },
    ],
    [
      46,
      'no attempt left',
      () => runFile(leaf('a', 'x', 'retries = 1'), { a: [broken] }),
      { end: 'fails', asked: ['a: x', 'a: x'] },
    ],
    [
      47,
      'an answer of blanks',
      () => runFile(leaf('a', 'x'), { a: [' \n '] }),
      { end: 'fails', code: 'empty-answer' },
    ],
    [
      50,
      'answers at once, joined',
      () =>
        runFile(block('parallel') + inner('a', 'x') + inner('b', 'y') + leaf('z', '{{p}}|{{a}}'), {
          a: ['one'],
          b: ['two'],
          z: ['Z'],
        }),
      {
        asked: ['a: x', 'b: y', 'z: ── a ──\none\n\n── b ──\ntwo|one'],
        outputs: ['a: one', 'b: two', 'z: Z'],
      },
    ],
    [
      50,
      'one role several times',
      () =>
        runFile(block('parallel') + inner('a', 'x', 'count = 2') + inner('b', 'y') + leaf('z', '{{p}}'), {
          a: ['one', 'uno'],
          b: ['two'],
          z: ['Z'],
        }),
      { asked: ['a: x', 'a: x', 'b: y', 'z: ── a ──\n── a #1 ──\none\n\n── a #2 ──\nuno\n\n── b ──\ntwo'] },
    ],
    [
      52,
      'enough that succeed',
      () =>
        runFile(
          block('parallel', 'min_success = 1') + inner('a', 'x') + inner('b', 'y') + leaf('z', '{{p}}|{{a}}'),
          { a: [broken], b: ['two'], z: ['Z'] },
        ),
      { outputs: ['a: ', 'b: two', 'z: Z'], asked: ['a: x', 'b: y', 'z: ── b ──\ntwo|'] },
    ],
    [
      52,
      'more wanted than there are',
      () =>
        runFile(block('parallel', 'min_success = 4') + inner('a', 'x') + inner('b', 'y'), {
          a: ['A'],
          b: ['B'],
        }),
      { end: 'fails', code: 'out-of-range', asked: [] },
    ],
    [
      52,
      'all wanted and one fails',
      () => runFile(block('parallel') + inner('a', 'x') + inner('b', 'y'), { a: [broken], b: ['two'] }),
      { end: 'fails', asked: ['a: x', 'b: y'], outputs: [] },
    ],
    [
      53,
      'none at once',
      () =>
        runFile(block('parallel', 'max_parallel = 0') + inner('a', 'x') + inner('b', 'y'), {
          a: ['A'],
          b: ['B'],
        }),
      { end: 'fails', code: 'out-of-range' },
    ],
    [
      55,
      'a pattern without a group',
      () => runFile(leaf('plan', 'x') + many('- .+'), { plan: ['- A'], w: ['W'] }),
      { end: 'fails', code: 'no-items' },
    ],
    [
      55,
      'items of the block itself',
      () => runFile(leaf('plan', 'x') + many('(.)').replace('"plan"', '"p"'), { plan: ['A'], w: ['W'] }),
      { end: 'fails', code: 'unknown-step' },
    ],
    [
      55,
      'items of nobody',
      () => runFile(block('parallel', "match = '(.)'") + inner('w', 'x'), { w: ['W'] }),
      { end: 'fails', code: 'missing-key' },
    ],
    [
      55,
      'two templates',
      () => runFile(leaf('plan', 'x') + many('(.)') + inner('v', 'x'), { plan: ['A'], w: ['W'], v: ['V'] }),
      { end: 'fails', code: 'too-few-steps' },
    ],
    [
      58,
      'a later step of a loop in its first round',
      () =>
        runFile(
          block('loop', 'exit_when = { contains = "OK" }\nmax_iterations = 2') +
            inner('dev', 'fix {{tester}}') +
            inner('tester', 'test {{dev}}'),
          { dev: ['d'], tester: ['bad', 'OK'] },
        ),
      { asked: ['dev: fix {{tester}}', 'tester: test d', 'dev: fix bad', 'tester: test d'] },
    ],
    [
      59,
      'the name of a loop in a later prompt',
      () =>
        runFile(block('loop', 'exit_when = { contains = "OK" }') + inner('a', 'x') + leaf('z', '{{p}}'), {
          a: ['OK'],
          z: ['Z'],
        }),
      { end: 'fails', code: 'unknown-variable' },
    ],
    [
      60,
      'conversations that go on',
      () =>
        runFile(
          block('loop', 'exit_when = { contains = "OK" }\nmax_iterations = 2') +
            inner('dev', 'D', 'session = "continue"') +
            inner('t', 'T', 'session = "continue"'),
          { dev: ['d1', 'd2'], t: ['bad', 'OK'] },
        ),
      { asked: ['dev: D', 't: T', 'dev: D / d1 / bad', 't: T / bad / d2'] },
    ],
    [
      62,
      'a conversation at once with others',
      () =>
        runFile(block('parallel') + inner('a', 'x', 'session = "continue"') + inner('b', 'y'), {
          a: ['A'],
          b: ['B'],
        }),
      { end: 'succeeds' },
    ],
    [
      64,
      'a condition on nothing',
      () =>
        runFile(block('conditional', 'condition = { contains = "x" }\non_match = ["a"]') + inner('a', 'x'), {
          a: ['A'],
        }),
      { end: 'fails', code: 'output-missing', asked: [] },
    ],
    [
      64,
      'branches without steps',
      () =>
        runFile(leaf('s', 'x') + block('conditional', 'condition = { contains = "x" }') + inner('a', 'x'), {
          s: ['S'],
          a: ['A'],
        }),
      { end: 'fails', code: 'missing-key' },
    ],
    [
      65,
      'either of two tests',
      () =>
        runFile(
          leaf('s', 'x') +
            block('conditional', 'condition = { contains = "nope", matches = "S" }\non_match = ["a"]') +
            inner('a', 'y'),
          { s: ['S'], a: ['A'] },
        ),
      { asked: ['s: x', 'a: y'] },
    ],
    [
      65,
      'small letters for capitals',
      () =>
        runFile(
          leaf('s', 'x') +
            block('conditional', 'condition = { contains = "PASS" }\non_match = ["a"]') +
            inner('a', 'y'),
          { s: ['verdict: pass'], a: ['A'] },
        ),
      { asked: ['s: x'] },
    ],
    [
      67,
      'more than the costs that are allowed',
      () =>
        runFile(`max_cost = 1.0\n${leaf('a', 'x')}${leaf('b', 'y')}${leaf('z', 'z')}`, {
          a: [cost(0.6)],
          b: [cost(0.6)],
          z: ['Z'],
        }),
      { end: 'fails', code: 'budget-exceeded', asked: ['a: x', 'b: y'], outputs: ['a: A', 'b: A'] },
    ],
    [
      67,
      'more than is allowed in the last step',
      () => runFile(`max_cost = 1.0\n${leaf('a', 'x')}`, { a: [cost(1.1)] }),
      { end: 'fails', code: 'budget-exceeded', outputs: ['a: A'] },
    ],
    [
      67,
      'exactly what is allowed',
      () => runFile(`max_cost = 1.0\n${leaf('a', 'x')}${leaf('b', 'y')}`, { a: [cost(1)], b: [cost(0)] }),
      { end: 'succeeds' },
    ],
    [
      68,
      'a graph that goes back',
      () =>
        runFile(
          graph(
            leaf('plan', 'x') +
              leaf('review', 'r') +
              leaf('fix', 'f') +
              edge('plan', 'review') +
              edge('review', '$end', 'PASS') +
              edge('review', 'fix') +
              edge('fix', 'review'),
          ),
          { plan: ['P'], review: ['bad', 'PASS'], fix: ['F'] },
        ),
      { outputs: ['plan: P', 'review: bad', 'fix: F', 'review: PASS'] },
    ],
    [
      70,
      'a way that is not the last',
      () =>
        runFile(graph(leaf('plan', 'x') + edge('plan', '$end') + edge('plan', '$end', 'a')), { plan: ['P'] }),
      { end: 'fails', code: 'default-edge' },
    ],
    [
      70,
      'a step that nothing leads to',
      () =>
        runFile(graph(leaf('plan', 'x') + leaf('lost', 'x') + edge('plan', '$end') + edge('lost', '$end')), {
          plan: ['P'],
          lost: ['L'],
        }),
      { end: 'fails', code: 'unreachable-state' },
    ],
    [
      70,
      'no way to the end',
      () => runFile(graph(leaf('plan', 'x') + edge('plan', 'plan')), { plan: ['P'] }),
      { end: 'fails', code: 'no-end' },
    ],
    [
      70,
      'a graph without a limit',
      () => runFile(`entry = "plan"\n${leaf('plan', 'x')}${edge('plan', '$end')}`, { plan: ['P'] }),
      { end: 'fails', code: 'missing-key' },
    ],
    [
      72,
      'a folder that an earlier step could have made',
      () =>
        runFile(leaf('a', 'x') + leaf('b', 'y', 'workdir = "nowhere"\nretries = 2'), { a: ['A'], b: ['B'] }),
      { end: 'fails', code: 'folder-missing', asked: ['a: x'] },
    ],
    [
      72,
      'a folder',
      () => runFile(leaf('b', '{{CWD}}', 'workdir = "sub"'), { b: ['B'] }, { files: { 'sub/f': 'x' } }),
      { asked: ['b: <CWD>'] },
    ],
    [
      74,
      'an empty model',
      () => runFile(leaf('a', 'x', 'model = ""'), { a: ['A'] }),
      { end: 'fails', code: 'out-of-range' },
    ],
    [
      76,
      'a failure after a step',
      () => runFile(leaf('a', 'x') + leaf('b', 'y'), { a: ['A'], b: [broken] }),
      { end: 'fails', outputs: ['a: A'] },
    ],
  ])('%i: %s', (_number, _situation, run, expected) => check(run, expected))
})

const PIPED = {
  'up.sh': '#!/bin/sh\nprintf "$PIPE_NAME $PIPE_RUN_COUNT $OCTOMIND_ROLE $OCTOMIND_SKILLS[$(cat)]"',
  'no.sh': '#!/bin/sh\nexit 2',
}
const pipe = (keys: string) => `[[pipe]]\nname = "up"\ncommand = "./up.sh"\n${keys}\n`
const through = (pipes: string, text = leaf('a', 'x', 'skills = ["s", "t"]'), role = 'a') =>
  runFile(text, { [role]: ['A', 'B'] }, { files: { ...PIPED, '.agents/guardrails.toml': pipes } })

describe('messages that go through a program', () => {
  test.each<[situation: string, run: () => Promise<SeenCase>, expected: Expected]>([
    ['all of them', () => through(pipe('')), { asked: ['a: up 1 a s,t[x]'] }],
    ['those that a pattern finds', () => through(pipe('match = "^y"')), { asked: ['a: x'] }],
    ['those of some roles', () => through(pipe('roles = ["b"]')), { asked: ['a: x'] }],
    [
      'two that take the same message',
      () => through(pipe('') + pipe('match = "x"')),
      { end: 'fails', asked: [], code: 'pipes-invalid' },
    ],
    [
      'a program that fails',
      () => through(pipe('').replace('up.sh', 'no.sh')),
      { end: 'fails', asked: [], reason: /exit code 2/ },
    ],
    [
      'a file that cannot be read',
      () => through('[[pipe]]\nname = 1'),
      { end: 'fails', asked: [], code: 'pipes-invalid' },
    ],
    [
      'the first of a conversation',
      () =>
        through(
          pipe('when = "first"'),
          block('loop', 'exit_when = { contains = "B" }\nmax_iterations = 2') +
            inner('a', 'x', 'session = "continue"'),
        ),
      { asked: ['a: up 1 a [x]', 'a: x / A / A'] },
    ],
  ])('%s', (_situation, run, expected) => check(run, expected))
})

async function check(run: () => Promise<SeenCase>, { code, reason, ...expected }: Expected): Promise<void> {
  const seen = await run()
  const { codes, reason: why, ...rest } = seen
  expect({ ...rest, ...(code === undefined ? {} : { codes: [...codes] }), why }).toMatchObject({
    ...expected,
    ...(code === undefined ? {} : { codes: expect.arrayContaining([code]) }),
    ...(reason ? { why: expect.stringMatching(reason) } : {}),
  })
}

import { expect, test } from 'vitest'
import { readWorkflow } from '../../../schema/read.ts'

const STEP = 'name = "a"\nrole = "r"\nprompt = "p"\n'
const file = (...parts: string[]) => `name = "W"\n${parts.map((part) => `[[steps]]\n${part}`).join('')}`
const loop = (test: string) =>
  file(`name = "l"\nloop = true\nmax_iterations = 2\nexit_when = ${test}\n[[steps.run]]\n${STEP}`)
const LAYER = '[[layers]]\nname = "critic"\ndescription = "Judges"\ncommand = "octomind acp critic"\n'
const flow = (steps: string) =>
  `${LAYER}[[workflows]]\nname = "w"\ndescription = "W"\n[[workflows.steps]]\nname = "s"\n${steps}`

/** `severity code line:column message`, and what was meant. */
const problems = (text: string) =>
  readWorkflow({ file: '.codemie/workflows/w.toml', text }).diagnostics.map(
    ({ severity, code, line, column, message, didYouMean }) =>
      `${severity} ${code} ${line}:${column} ${message}${didYouMean ? ` (${didYouMean}?)` : ''}`,
  )

const BAD: readonly (readonly [situation: string, text: string])[] = [
  ['no steps', 'name = "W"\n'],
  ['a wrong type', file('name = 7\nrole = "r"\nprompt = "p"\n')],
  ['a key that nobody knows', file(`${STEP}promt = "p"\n`)],
  ['two steps of one name', file(STEP, STEP)],
  ['a reserved name', file('name = "input"\nrole = "r"\nprompt = "p"\n')],
  ['no role', file('name = "a"\nprompt = "p"\n')],
  ['an unknown name in a prompt', file('name = "a"\nrole = "r"\nprompt = "{{b}}"\n')],
  ['a loop without a test', file(`name = "l"\nloop = true\nmax_iterations = 2\n[[steps.run]]\n${STEP}`)],
  ['a test of nothing', loop('{ output = "a" }')],
  ['a test of a step that is not there', loop('{ output = "aa", contains = "x" }')],
  ['a pattern that does not compile, at its place', loop('{ matches = "DONE(" }')],
  ['a pattern that looks around', loop("{ matches = '^(?=DONE)' }")],
  ['a pattern that is only a word', loop('{ matches = "VALID" }')],
  ['a pattern that nothing matches', loop('{ matches = "DONE^" }')],
  [
    'items without a group',
    file(
      STEP,
      `name = "b"\nparallel = true\nsource = "a"\nmatch = "^-"\n[[steps.run]]\n${STEP.replace('"a"', '"c"')}`,
    ),
  ],
  ['a block of one', file(`name = "b"\nparallel = true\n[[steps.run]]\n${STEP}`)],
  ['both forms', `name = "W"\n[[steps]]\n${STEP}${LAYER}`],
  ['text that is no TOML', 'name = W\n'],
  ['an unknown layer', flow('type = "once"\nlayer = "critik"\n')],
  ['an unknown kind of step', flow('type = "onse"\nlayer = "critic"\n')],
  ['a once step without a layer', flow('type = "once"\n')],
  ['a parallel step without layers', flow('type = "parallel"\nparallel_layers = []\n')],
  ['a command as a branch', flow('type = "conditional"\ncondition_pattern = "^x"\non_match = ["./a.sh"]\n')],
  [
    'an unknown mode',
    `${flow('type = "once"\nlayer = "critic"\n')}${LAYER.replace(/"critic"/g, '"c"')}output_mode = "overwrite"\n`,
  ],
  [
    'a session in which nothing is',
    flow('type = "once"\nlayer = "reader"\n') +
      LAYER.replace('"critic"', '"reader"').concat('input_mode = "all"\n'),
  ],
  [
    'an unknown workflow and pipeline of a role',
    `${LAYER}[[roles]]\nname = "r"\nworkflow = "w"\npipeline = "p"\n`,
  ],
  ['two layers of one name', `${LAYER}${LAYER}`],
  ['a layer without a description', LAYER.replace('description = "Judges"\n', '')],
]

test('each bad file is told of at the place where it is bad', () => {
  const told = BAD.map(([situation, text]) => [situation, ...problems(text).map((one) => `  ${one}`)])
  expect(told.flat().join('\n')).toMatchInlineSnapshot(`
    "no steps
      error no-steps 1:1 The workflow has no steps
    a wrong type
      error wrong-type 3:8 'name' has the wrong type
    a key that nobody knows
      warning unknown-key 6:1 The key 'promt' is not known in step and has no effect (prompt?)
    two steps of one name
      error duplicate-id 7:8 Another step is called 'a' too
    a reserved name
      error reserved-name 3:8 No step can be called 'input': that is the input of the run
    no role
      error missing-key 3:8 The key 'role' is missing in this step
    an unknown name in a prompt
      error unknown-variable 5:11 {{b}} is nothing that is known here
    a loop without a test
      error missing-key 3:8 The key 'exit_when' is missing in this loop
    a test of nothing
      error empty-test 6:13 The condition tests nothing
    a test of a step that is not there
      error unknown-step 6:24 'aa' is no step that has an output here (a?)
    a pattern that does not compile, at its place
      error pattern-syntax 6:30 The pattern has a '(' that nothing closes
    a pattern that looks around
      error pattern-syntax 6:27 The pattern looks around, which patterns of Octomind cannot do
    a pattern that is only a word
      warning pattern-too-loose 6:25 'VALID' is looked for anywhere, so a text with INVALID or NOT VALID matches, too
    a pattern that nothing matches
      warning pattern-never-matches 6:25 No text can match this pattern
    items without a group
      warning pattern-without-group 10:9 The pattern has no group, and an item is what the first group holds: it finds none
    a block of one
      error too-few-steps 3:8 A parallel block needs at least 2 steps inside
    both forms
      error both-forms 6:3 The file has both 'steps', as a workflow in a file of its own, and 'layers', as a configuration
    text that is no TOML
      error toml-syntax 1:8 This is not a value
    an unknown layer
      error unknown-layer 11:9 There is no layer 'critik' (critic?)
    an unknown kind of step
      error unknown-value 10:8 'type' does not take this value (once?)
    a once step without a layer
      error missing-key 9:8 The key 'layer' is missing in this once step
    a parallel step without layers
      error missing-key 9:8 The key 'parallel_layers' is missing in this parallel step
    a command as a branch
      warning older-form 9:8 octomind itself does not load a conditional step without a layer
      warning branch-command 12:13 './a.sh' is no layer, so it is run as a command, as the manual of octomind has it; octomind itself refuses it
    an unknown mode
      error unknown-value 16:15 'output_mode' does not take this value
    a session in which nothing is
      warning session-stays-empty 16:14 The layer reads the session, and no layer of 'w' leaves anything in it
    an unknown workflow and pipeline of a role
      error unknown-workflow 7:12 There is no workflow 'w' in this file
      error unknown-pipeline 8:12 There is no pipeline 'p' in this file
    two layers of one name
      error duplicate-id 6:8 Another layer is called 'critic' too
    a layer without a description
      warning description-missing 2:8 The layer has no description, and octomind does not load it without"
  `)
})

test('a script without a command is no script', () => {
  const pipeline =
    '[[pipelines]]\nname = "p"\ndescription = "P"\n[[pipelines.steps]]\nname = "s"\ntype = "once"\ncommand = " "\n'
  expect(problems(pipeline)).toEqual(["error out-of-range 7:11 'command' is empty"])
})

test('how much a model is to think goes with the other parameters', () => {
  const role =
    '[[roles]]\nname = "dev"\nsystem = "S"\n[roles.model]\nname = "openai:gpt-5"\nreasoning_effort = "low"\ntop_k = 5\n'
  const { workflow } = readWorkflow({ file: '.codemie/workflows/t.toml', text: role, part: 'role:dev' })
  const work = workflow?.states[0]?.work
  expect(work?.kind === 'layer' && work.assistant).toMatchObject({
    model: 'openai:gpt-5',
    parameters: { reasoning_effort: 'low', top_k: 5n },
  })
})

test.each([
  ['w.yaml', 'name = "W"\n[[steps]]\nname = "a"\n', 'Call it w.toml'],
  ['w.yaml', '# A comment\n[[workflows]]\nname = "a"\n', 'Call it w.toml'],
  ['w.toml', '\nname: W\nstates: []\n', 'Call it w.yaml'],
])('%s with %j is of the other format', (file, text, help) => {
  const { diagnostics } = readWorkflow({ file, text })
  expect(diagnostics.map(({ code, help: said }) => [code, said])).toEqual([['other-format', help]])
})

test.each(['', '# Nothing yet\n'])('an empty file is one problem: %j', (text) => {
  expect(problems(text)).toEqual(['error no-steps 1:1 The file is empty'])
})

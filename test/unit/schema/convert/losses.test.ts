import { expect, test } from 'vitest'
import { convertWorkflow } from '../../../../schema/convert/convert.ts'
import { readWorkflow } from '../../../../schema/read.ts'

const STEP = '[[steps]]\nname = "one"\nrole = "r"\nprompt = "Go"\n'
const inLoop = (keys: string, exit = 'contains = "x"') =>
  `[[steps]]\nname = "l"\nloop = true\nexit_when = { ${exit} }\n[[steps.run]]\nname = "one"\nrole = "r"\nprompt = "Go"\n${keys}`
const parallel = (keys: string) =>
  `[[steps]]\nname = "p"\nparallel = true\n${keys}\n${['a', 'b'].map((name) => `[[steps.run]]\nname = "${name}"\nrole = "r"\nprompt = "Go"\n`).join('')}`
const LAYER = 'description = "d"\ninput_mode = "last"\noutput_mode = "none"\noutput_role = "assistant"\n'
const layer = (name: string, keys = 'system_prompt = "P"') =>
  `[[layers]]\nname = "${name}"\n${LAYER.replace(/output_mode.*/, keys.includes('output_mode') ? '' : 'output_mode = "none"')}${keys}\n`
const flow = (steps: string, layers = layer('a') + layer('b')) =>
  `[[workflows]]\nname = "w"\ndescription = "d"\nsteps = [${steps}]\n${layers}`
const once = (name: string, of = 'a') => `{ name = "${name}", type = "once", layer = "${of}" }`

/** What is lost, by its first words; notes begin with a minus. */
function lossesOf(text: string, part?: string): readonly string[] {
  const { workflow, diagnostics } = readWorkflow({ file: 'w.toml', text, ...(part ? { part } : {}) })
  if (!workflow) throw new Error(diagnostics.map(({ line, message }) => `${line}: ${message}`).join('\n'))
  const converted = convertWorkflow(workflow)
  const again = readWorkflow({ file: 'w.yaml', text: converted.text })
  expect(again.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([])
  expect(again.workflow?.dialect).toBe('codemie')
  return converted.losses.map(
    ({ changesResult, message, at }) => `${changesResult ? '' : '-'}${at.line}: ${message}`,
  )
}

const ROLE =
  "The role 'r' has to be a stored assistant, or a role of a configuration: Octomind is not started for it"
const FILLED =
  'An output with {{ }} or {% %} in it is filled in itself where a task names it, as it is not in Octomind'

test.each<[what: string, file: string, losses: readonly string[], part?: string]>([
  ['nothing but who the role is', STEP, [`-4: ${ROLE}`]],
  [
    'a folder',
    `${STEP}workdir = "docs"`,
    ["3: 'one' works in the folder docs; converted, it works in that of the repository", `-4: ${ROLE}`],
  ],
  [
    'values of the project',
    STEP.replace('Go', 'On {{DATE}} in {{CWD}} for {{ROLE}}, {{{{OS}}}}'),
    [
      `-4: ${ROLE}`,
      '5: The prompt names {{DATE}}, {{CWD}}: there is nothing that puts values of the project into a task',
    ],
  ],
  [
    'lines of files',
    STEP.replace('Go', '<context>a.ts:1:2</context>'),
    [
      `-4: ${ROLE}`,
      '5: The prompt shows lines of files in <context>: there is nothing that puts files into a task',
    ],
  ],
  [
    'more attempts than there can be',
    `${STEP}retries = 100`,
    ["3: 'one' is tried 100 times and no more", `-4: ${ROLE}`],
  ],
  ['an output that could be a template', STEP.replace('Go', '{{input}}'), [`-4: ${ROLE}`, `-5: ${FILLED}`]],
  ['a conversation that is begun once', `${STEP}session = "continue"`, [`-4: ${ROLE}`]],
  [
    'a conversation that goes on in a loop',
    inLoop('session = "continue"'),
    [
      "7: 'one' goes on with its conversation when it runs again; converted, it begins a new one, with its prompt",
      `-8: ${ROLE}`,
    ],
  ],
  [
    'a pattern that is no text',
    inLoop('', 'matches = "\\\\bDONE\\\\b"'),
    [
      "5: The pattern of 'l' is more than fixed texts at the ends of lines, which is all that expressions can look for; converted, it never matches",
      `-8: ${ROLE}`,
    ],
  ],
  [
    'a number that have to succeed',
    parallel('min_success = 1'),
    ["3: 'p' fails when fewer than 1 of 2 succeed; converted, it goes on however few do", `-8: ${ROLE}`],
  ],
  [
    'a step for every match',
    `${STEP}[[steps]]\nname = "p"\nparallel = true\nsource = "one"\nmatch = "- (.+)"\n[[steps.run]]\nname = "a"\nrole = "r"\nprompt = "Go {{p}}"\n`,
    [
      `-4: ${ROLE}`,
      "10: 'p' runs for every match of a pattern and is left out: CodeMie runs states for the items of a list in JSON. Have 'one' answer with an object that has a list, give it an output_schema, and lead it on with iter_key",
    ],
  ],
  [
    'what counts in a graph',
    `entry = "one"\nmax_transitions = 3\nedges = [{ from = "one", to = "one", when = { matches = "a+" } }, { from = "one", to = "$end" }]\n${STEP}session = "continue"`,
    [
      "4: The pattern of an edge of 'one' is more than fixed texts at the ends of lines, which is all that expressions can look for; converted, it never matches",
      "6: 'one' goes on with its conversation when it runs again; converted, it begins a new one, with its prompt",
      '-6: max_transitions 3 counts executions of steps, and recursion_limit all states between them: a graph that does not end stops later',
      '-6: An output that is not there yet on some way is an empty text, and no failure',
      `-7: ${ROLE}`,
    ],
  ],
  ['nothing of layers', flow(once('x')), [], 'w'],
  [
    'a program that stands for a role',
    flow(
      once('x'),
      `${layer('a', 'command = "octomind acp dev"')}[[roles]]\nname = "dev"\nsystem = "At {{CWD}}"\nwelcome = "Hi"\n`,
    ),
    [
      "-6: 'octomind acp dev' is not started: the assistant 'a' answers itself, as it does where Octomind is not there",
      "6: The 'welcome' of 'a' is not said at the beginning of its conversations",
      "6: The prompt of 'a' names {{CWD}}, and CodeMie uses the prompts of assistants word for word",
    ],
    'w',
  ],
  ['a program of its own', flow(once('x'), layer('a', 'command = "goose acp"')), [], 'w'],
  [
    'what a loop leaves in the session',
    flow(
      `{ name = "l", type = "loop", exit_pattern = "x", substeps = [${once('x')}] }`,
      layer('a', 'output_mode = "append"\nsystem_prompt = "P"'),
    ),
    [
      "4: What 'x' leaves in the session, or takes out of it, is not seen by what runs after it in 'l' and behind it",
    ],
    'w',
  ],
  [
    'a step for each match of layers',
    flow(`{ name = "f", type = "foreach", parse_pattern = "x", substeps = [${once('x')}] }`),
    [
      "4: 'f' runs for every match of a pattern and is left out: CodeMie runs states for the items of a list in JSON. Have the step before answer with an object that has a list, give it an output_schema, and lead it on with iter_key",
    ],
    'w',
  ],
  [
    'a command in a branch',
    flow(
      '{ name = "c", type = "conditional", layer = "a", condition_pattern = "x", on_match = ["make check"] }',
    ),
    [
      "-4: 'make check' runs as run_command, for which policy.commands has to allow sh; a line break at the end of what it is handed or prints is left out",
    ],
    'w',
  ],
  [
    'a workflow of a role, and what it left behind',
    `${flow(once('x'), layer('a', 'output_mode = "append"\nsystem_prompt = "P"'))}[[roles]]\nname = "dev"\nsystem = "S"\nwelcome = "Hi"\nworkflow = "w"\n`,
    [
      "17: When 'w' fails, Octomind goes on with the text that came in; converted, the run fails",
      "14: 'dev' answers in the session, after its welcome and what layers left there; converted, it is told the text alone",
    ].sort(),
    'role:dev',
  ],
])('%s', (_, file, losses, part) => {
  expect(lossesOf(`name = "W"\n${file}`.replace(/^name = "W"\n(?=\[\[workflows)/, ''), part)).toEqual(losses)
})

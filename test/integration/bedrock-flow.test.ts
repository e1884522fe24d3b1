import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type BedrockServer, type FlowAnswer, startBedrockServer } from '../helpers/bedrock-server.ts'
import { makeProject, type TestProject } from '../helpers/project.ts'
import { runInProcess } from '../helpers/run-cli.ts'

let server: BedrockServer
const projects: TestProject[] = []
beforeEach(async () => {
  server = await startBedrockServer()
})
afterEach(async () => {
  for (const project of projects.splice(0)) project.remove()
  await server.close()
})

const KEYS = {
  MY_ID: 'AKIDEXAMPLE',
  MY_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  MY_TOKEN: 'a-token-of-a-role-0123456789',
}

const FLOW = `enable_summarization_node: false
retry_policy: { max_attempts: 2, initial_interval: 1 }
custom_nodes:
  - id: ask-flow
    custom_node_id: bedrock_flow_node
    config: { flow_id: FLOW1, flow_alias_id: ALIAS1, integration_alias: cloud, input_node_name: FlowInputNode, input_node_output_field: document }
states:
  - { id: ask, custom_node_id: ask-flow, next: { state_id: end, output_key: said } }
`

const configOf = (options: string, more = '') => `integrations:
  cloud:
    type: aws
    options: ${options}
    env: { access_key_id: MY_ID, secret_access_key: MY_KEY, session_token: MY_TOKEN }
${more}`

function projectOf(workflow = FLOW, config?: string, env: Readonly<Record<string, string>> = KEYS) {
  const project = makeProject({
    workflows: { w: workflow },
    config: config ?? configOf(`{ region: eu-west-1, endpoint: "${server.url}" }`),
    env,
  })
  projects.push(project)
  return project
}

const output = (document: unknown, nodeName = 'FlowOutputNode') =>
  ['flowOutputEvent', { nodeName, nodeType: 'FlowOutputNode', content: { document } }] as const
const done = ['flowCompletionEvent', { completionReason: 'SUCCESS' }] as const

test('a flow gets the first message, signed by the integration, and its output is that of the state', async () => {
  server.answer({ events: [output('Fine.'), done] })
  const project = projectOf()
  const run = await project.run('w', { input: 'How are you?' })
  expect(run).toMatchObject({ status: 'succeeded', output: 'Fine.' })
  const [request] = server.requests
  expect(request).toMatchObject({
    path: '/flows/FLOW1/aliases/ALIAS1',
    token: KEYS.MY_TOKEN,
    body: {
      inputs: [
        { content: { document: 'How are you?' }, nodeName: 'FlowInputNode', nodeOutputName: 'document' },
      ],
    },
  })
  expect(request?.authorization).toMatch(
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/bedrock\/aws4_request/,
  )
  for (const secret of [KEYS.MY_KEY, KEYS.MY_TOKEN]) expect(project.everythingWritten()).not.toContain(secret)
})

test.each<[string, string, string, unknown]>([
  ['STRING', ' text ', 'text', 'text'],
  ['NUMBER', '3.5', '{"n": 3.5}', 3.5],
  ['NUMBER', ' 3 ', '3', 3],
  ['BOOLEAN', 'Yes', 'true', true],
  ['ARRAY', '[1, "a"]', '[1, "a"]', [1, 'a']],
  ['OBJECT', '{"a": {"b": null}}', '{"a": {"b": null}}', { a: { b: null } }],
])('%s: %s goes in as %s', async (type, input, out, document) => {
  server.answer({ events: [output(JSON.parse(out === 'text' ? '"text"' : out)), done] })
  const typed = FLOW.replace('document }', `document, input_node_output_type: ${type} }`)
  const run = await projectOf(typed).run('w', { input })
  expect(run.output).toBe(out)
  expect(server.requests[0]?.body).toMatchObject({ inputs: [{ content: { document } }] })
})

test('several outputs are an object by their nodes, and none is an empty text', async () => {
  server.answer({ events: [output('a', 'One'), output(2, 'Two'), done] }, { events: [done] })
  expect((await projectOf().run('w', { input: 'x' })).output).toBe('{"One": "a", "Two": 2}')
  expect((await projectOf().run('w', { input: 'x' })).output).toBe('')
})

test('a resumption does not call the flow again', async () => {
  server.answer({ events: [output('Fine.'), done] })
  const project = projectOf(
    `${FLOW.replace('state_id: end', 'state_id: again')}  - { id: again, custom_node_id: ask-flow, interrupt_before: true, next: { state_id: end } }\n`,
  )
  expect(await project.run('w', { input: 'x' })).toMatchObject({ status: 'paused' })
  server.answer({ events: [output('Again.'), done] })
  expect(await project.resume('latest')).toMatchObject({ status: 'succeeded', output: 'Again.' })
  expect(server.requests).toHaveLength(2)
})

describe('a flow that fails', () => {
  const fails = (answer: FlowAnswer) => {
    server.answer(answer, { events: [output('Second try.'), done] })
    return projectOf().run('w', { input: 'x' })
  }

  test.each<[string, FlowAnswer]>([
    ['throttled', { status: 429, error: 'ThrottlingException', message: 'Slow down' }],
    ['out of order', { status: 500, error: 'InternalServerException', message: 'Oh' }],
    ['throttled in the middle', { events: [output('a'), ['throttlingException', { message: 'Slow down' }]] }],
    [
      'with a part that failed',
      { events: [['dependencyFailedException', { message: 'The function failed' }]] },
    ],
    ['cut off', { events: [output('half')] }],
    ['hung up on', 'hang-up'],
  ])('%s, is tried again', async (_, answer) => {
    expect(await fails(answer)).toMatchObject({ status: 'succeeded', output: 'Second try.' })
  })

  test.each<[FlowAnswer, number, string, string]>([
    [
      { status: 403, error: 'AccessDeniedException', message: 'No bedrock:InvokeFlow' },
      6,
      'bedrock-access-denied',
      'AWS answers AccessDeniedException: No bedrock:InvokeFlow',
    ],
    [
      { status: 403, error: 'InvalidSignatureException', message: 'x-amz-security-token:a-token-of' },
      6,
      'bedrock-access-denied',
      'AWS answers InvalidSignatureException',
    ],
    [
      { status: 404, error: 'ResourceNotFoundException', message: 'No such\u001b[31m flow' },
      1,
      'bedrock-flow-refused',
      'AWS answers ResourceNotFoundException: No such flow',
    ],
    [
      { events: [['validationException', { message: 'Not a number' }]] },
      1,
      'bedrock-flow-refused',
      'AWS answers ValidationException: Not a number',
    ],
    [
      { events: [['flowCompletionEvent', { completionReason: 'INPUT_REQUIRED' }]] },
      1,
      'bedrock-input-required',
      'The flow asks for further input, which a step cannot give',
    ],
  ])('for good: %j', async (answer, exitStatus, code, message) => {
    expect(await fails(answer)).toMatchObject({ exitStatus, failure: { code, message } })
    expect(server.requests).toHaveLength(1)
  })
})

describe('refused before anything is spent', () => {
  test.each<[string, string, string | undefined, Readonly<Record<string, string>>, string]>([
    [
      'no alias',
      FLOW.replace('flow_alias_id: ALIAS1, ', ''),
      undefined,
      KEYS,
      "The Bedrock flow needs 'flow_alias_id' in its config",
    ],
    [
      'an unknown integration',
      FLOW.replace('integration_alias: cloud', 'setting_id: clouds'),
      undefined,
      KEYS,
      "There is no integration 'clouds'",
    ],
    ['no region', FLOW, configOf('{}'), KEYS, "The integration 'cloud' is none of AWS with a region"],
    [
      'a region that is a host',
      FLOW,
      configOf('{ region: "x.example.com/" }'),
      KEYS,
      "The integration 'cloud' is none of AWS with a region",
    ],
    [
      'an address in the clear',
      FLOW,
      configOf('{ region: eu-west-1, endpoint: "http://example.com" }'),
      KEYS,
      "The address of the integration 'cloud' is neither https nor on this machine",
    ],
    [
      'no network',
      FLOW,
      configOf('{ region: eu-west-1 }', 'policy: { network: none }\n'),
      KEYS,
      'The policy lets nothing reach a network',
    ],
    [
      'keys that are not set',
      FLOW,
      undefined,
      { MY_ID: 'AKIDEXAMPLE' },
      "The keys of the integration 'cloud' are not set",
    ],
    [
      'keys that nothing names',
      FLOW,
      configOf('{ region: eu-west-1 }').replace(/ {4}env:.*\n/, ''),
      KEYS,
      "The integration 'cloud' does not say which variables hold its keys",
    ],
    [
      'a node of another workflow',
      FLOW.replace('flow_id: FLOW1', 'workflow_id: 1f0c'),
      undefined,
      KEYS,
      "The node takes its flow from the workflow '1f0c' of a server",
    ],
  ])('%s', async (_, workflow, config, env, message) => {
    const refused = projectOf(workflow, config, env).run('w', { input: 'x' })
    await expect(refused).rejects.toMatchObject({
      code: 'not-runnable',
      message: expect.stringContaining(message),
    })
    expect(server.requests).toHaveLength(0)
  })

  test('files', async () => {
    const project = projectOf()
    const refused = project.run('w', { input: 'x', fileNames: ['a.txt'] })
    await expect(refused).rejects.toMatchObject({ code: 'files-not-taken' })
  })

  test('a plan names the keys that are not set, and what the flow may do', async () => {
    const { root, env } = projectOf()
    const plan = await runInProcess(['plan', 'w', '--json'], { cwd: root, env })
    expect(JSON.parse(plan.stdout)).toMatchObject({
      effects: [{ state: 'ask', certainty: 'may', reach: 'unknown', by: 'Bedrock flow' }],
      secrets: [{ variable: 'MY_ID' }, { variable: 'MY_KEY' }, { variable: 'MY_TOKEN' }],
      problems: [],
    })
  })
})

import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { providerPresets } from '../../../../runner/models/provider-presets.ts'
import { type ModelEnv, type ModelSettings, resolveModel } from '../../../../runner/models/providers.ts'

const key = 'sk-canary-1234567890'

function endpointOf(id: string, settings: ModelSettings = {}, env: ModelEnv = {}) {
  const resolved = resolveModel(id, settings, env)
  if (!resolved.ok) throw new Error(resolved.problem.message)
  return resolved.endpoint
}

function problemOf(id: string, settings: ModelSettings = {}, env: ModelEnv = {}) {
  const resolved = resolveModel(id, settings, env)
  if (resolved.ok) throw new Error(`resolved to ${resolved.endpoint.baseUrl}`)
  return resolved.problem
}

describe('where a model id leads', () => {
  const every: ModelEnv = Object.fromEntries(
    Object.values(providerPresets).flatMap((preset) => preset.keyEnv.map((name) => [name, key])),
  )
  it.each<
    [situation: string, id: string, settings: ModelSettings, env: ModelEnv, url: string, model: string]
  >([
    ['bare, nothing configured', 'gpt-4.1', {}, every, 'https://api.openai.com/v1', 'gpt-4.1'],
    [
      'own address for openai',
      'gpt-4.1',
      {},
      { OPENAI_API_KEY: key, OPENAI_BASE_URL: 'https://gw.example/v1/' },
      'https://gw.example/v1',
      'gpt-4.1',
    ],
    [
      'an empty address counts as not set',
      'm',
      {},
      { OPENAI_API_KEY: key, OPENAI_BASE_URL: '' },
      'https://api.openai.com/v1',
      'm',
    ],
    [
      'named provider',
      'anthropic:claude-haiku-4-5',
      {},
      every,
      'https://api.anthropic.com/v1',
      'claude-haiku-4-5',
    ],
    [
      'google is gemini',
      'google:gemini-2.5-pro',
      {},
      every,
      'https://generativelanguage.googleapis.com/v1beta/openai',
      'gemini-2.5-pro',
    ],
    [
      'more colons belong to the model',
      'openrouter:meta/llama-4:free',
      {},
      every,
      'https://openrouter.ai/api/v1',
      'meta/llama-4:free',
    ],
    [
      'bare with a colon, default provider that has such names',
      'llama3:8b',
      { defaultProvider: 'ollama' },
      {},
      'http://localhost:11434/v1',
      'llama3:8b',
    ],
    ['a fine-tuned model', 'ft:gpt-4o:acme::1', {}, every, 'https://api.openai.com/v1', 'ft:gpt-4o:acme::1'],
    [
      'azure by endpoint',
      'azure:my-deployment',
      {},
      { ...every, AZURE_OPENAI_ENDPOINT: 'https://acme.openai.azure.com/' },
      'https://acme.openai.azure.com/openai/v1',
      'my-deployment',
    ],
    [
      'alias',
      'gpt-4.1',
      { aliases: { 'gpt-4.1': 'github:openai/gpt-4.1' } },
      every,
      'https://models.github.ai/inference',
      'openai/gpt-4.1',
    ],
    ['alias is followed once', 'a', { aliases: { a: 'b', b: 'c' } }, every, 'https://api.openai.com/v1', 'b'],
    [
      'provider of the config',
      'acme:big',
      { providers: { acme: { base_url: 'http://llm.acme/v1' } } },
      {},
      'http://llm.acme/v1',
      'big',
    ],
    [
      'preset with another address',
      'mistral:m',
      { providers: { mistral: { base_url: 'https://eu.example/v1' } } },
      every,
      'https://eu.example/v1',
      'm',
    ],
    ['ollama without scheme', 'ollama:q', {}, { OLLAMA_HOST: 'gpu-box' }, 'http://gpu-box:11434/v1', 'q'],
    [
      'ollama listening everywhere',
      'ollama:q',
      {},
      { OLLAMA_HOST: '0.0.0.0:9999' },
      'http://127.0.0.1:9999/v1',
      'q',
    ],
    [
      'ollama with scheme keeps its port',
      'ollama:q',
      {},
      { OLLAMA_HOST: 'https://o.example' },
      'https://o.example/v1',
      'q',
    ],
    ['ollama on IPv6', 'ollama:q', {}, { OLLAMA_HOST: '[::1]' }, 'http://[::1]:11434/v1', 'q'],
    [
      'openai copy on this machine needs no key',
      'm',
      {},
      { OPENAI_BASE_URL: 'http://127.0.0.1:8080/v1' },
      'http://127.0.0.1:8080/v1',
      'm',
    ],
  ])('%s', (_, id, settings, env, url, model) => {
    const endpoint = endpointOf(id, settings, env)
    expect([endpoint.baseUrl, endpoint.model]).toEqual([url, model])
  })

  it('is the preset of its name when the config says no more than "custom"', () => {
    const settings: ModelSettings = { providers: { github: { like: 'custom', timeout_seconds: 5 } } }
    expect(endpointOf('github:m', settings, { GITHUB_TOKEN: key })).toMatchObject({
      baseUrl: 'https://models.github.ai/inference',
      timeoutMs: 5000,
    })
  })

  it('sends the key the way the provider wants it', () => {
    expect(endpointOf('m', {}, { OPENAI_API_KEY: key }).credentials().headers).toEqual({
      authorization: `Bearer ${key}`,
    })
    const azure = { AZURE_OPENAI_API_KEY: key, AZURE_OPENAI_BASE_URL: 'https://a.example/openai/v1' }
    expect(endpointOf('azure:m', {}, azure).credentials().headers).toEqual({ 'api-key': key })
    expect(endpointOf('ollama:m').credentials()).toEqual({ headers: {}, secrets: [] })
  })

  it('takes a key stored with a line break at the end', () => {
    expect(endpointOf('m', {}, { OPENAI_API_KEY: `${key}\n` }).credentials().headers.authorization).toBe(
      `Bearer ${key}`,
    )
  })

  it('adds headers and query of the config, secret ones from the environment', () => {
    const settings: ModelSettings = {
      providers: {
        acme: {
          base_url: 'https://llm.acme/v1',
          api_key_env: null,
          headers: { 'X-Team': 'ci' },
          headers_env: { 'X-Gateway-Key': 'GATEWAY_KEY' },
          query: { 'api-version': 'preview' },
          response_format: 'ignored',
          token_limit: 'max_completion_tokens',
        },
      },
    }
    const endpoint = endpointOf('acme:m', settings, { GATEWAY_KEY: 'gw-secret', CODEMIE_CI_API_KEY: key })
    expect(endpoint.credentials()).toEqual({
      headers: { 'x-team': 'ci', 'x-gateway-key': 'gw-secret' },
      secrets: ['gw-secret'],
    })
    expect(endpoint).toMatchObject({
      query: { 'api-version': 'preview' },
      quirks: { responseFormat: 'ignored', tokenLimit: 'max_completion_tokens' },
      keyVariable: undefined,
    })
  })

  it('never sends the key of a preset to a provider with another name and address', () => {
    const env = { OPENAI_API_KEY: key, OPENAI_ORG_ID: 'org', CODEMIE_CI_API_KEY: key }
    const base_url = 'https://llm.acme/v1'
    const headersOf = (settings: ModelSettings, more: ModelEnv = {}) =>
      endpointOf('my-acme:m', settings, { ...env, ...more }).credentials().headers
    expect(headersOf({ providers: { 'my-acme': { base_url } } })).toEqual({})
    expect(
      problemOf('my-acme:m', { providers: { 'my-acme': { base_url, like: 'openai' } } }, env),
    ).toMatchObject({
      code: 'provider-key-missing',
      message: expect.stringContaining('MY_ACME_API_KEY'),
    })
    expect(
      headersOf({ providers: { 'my-acme': { base_url, like: 'openai' } } }, { MY_ACME_API_KEY: 'theirs' }),
    ).toEqual({ authorization: 'Bearer theirs' })
    // A second account with the same provider.
    expect(headersOf({ providers: { 'my-acme': { like: 'openai' } } })).toEqual({
      authorization: `Bearer ${key}`,
      'openai-organization': 'org',
    })
  })

  it('does not show the key when it is printed', () => {
    const endpoint = endpointOf('m', {}, { OPENAI_API_KEY: key })
    expect(inspect(endpoint, { depth: 9, showHidden: true })).not.toContain(key)
    expect(JSON.stringify(endpoint)).not.toContain(key)
  })
})

describe('why a model id leads nowhere', () => {
  it.each<
    [situation: string, id: string, settings: ModelSettings, env: ModelEnv, code: string, says: RegExp]
  >([
    ['no key', 'gpt-4.1', {}, {}, 'provider-key-missing', /OPENAI_API_KEY/],
    [
      'an empty key, as CI passes a missing secret',
      'gpt-4.1',
      {},
      { OPENAI_API_KEY: '' },
      'provider-key-missing',
      /OPENAI_API_KEY/,
    ],
    [
      'another key is there',
      'gpt-4.1',
      {},
      { ANTHROPIC_API_KEY: key },
      'provider-key-missing',
      /anthropic:<model>/,
    ],
    [
      'key variable of the config',
      'acme:m',
      { providers: { acme: { base_url: 'http://localhost:1/v1', api_key_env: 'ACME_KEY' } } },
      {},
      'provider-key-missing',
      /ACME_KEY/,
    ],
    ['a typo in the provider', 'opnai:gpt-4.1', {}, {}, 'provider-unknown', /Did you mean `openai`\?/],
    ['nothing like a provider', 'whatever:x', {}, {}, 'provider-unknown', /no provider `whatever`/],
    ['a name that objects inherit', 'constructor:x', {}, {}, 'provider-unknown', /no provider `constructor`/],
    [
      'unknown default provider',
      'x',
      { defaultProvider: 'olama' },
      {},
      'provider-unknown',
      /default provider.*Did you mean `ollama`/,
    ],
    ['no model', 'openai:', {}, { OPENAI_API_KEY: key }, 'model-id-invalid', /no model/],
    ['empty', ' ', {}, { OPENAI_API_KEY: key }, 'model-id-invalid', /empty/],
    ['no address', 'custom:m', {}, {}, 'provider-url-missing', /providers\.custom\.base_url/],
    [
      'address without scheme',
      'a:m',
      { providers: { a: { base_url: 'llm.acme/v1' } } },
      {},
      'provider-url-invalid',
      /providers\.a\.base_url/,
    ],
    [
      'address with a password',
      'm',
      {},
      { OPENAI_API_KEY: key, OPENAI_BASE_URL: `https://u:${key}@h/v1` },
      'provider-url-invalid',
      /OPENAI_BASE_URL/,
    ],
    [
      'key of two lines',
      'm',
      {},
      { OPENAI_API_KEY: `${key}\nX: y` },
      'provider-key-malformed',
      /OPENAI_API_KEY/,
    ],
    [
      'header with a line break',
      'a:m',
      { providers: { a: { base_url: 'http://a/v1', headers: { x: 'a\r\nb' } } } },
      {},
      'provider-header-invalid',
      /`x`/,
    ],
  ])('%s', (_, id, settings, env, code, says) => {
    const problem = problemOf(id, settings, env)
    expect(problem.code).toBe(code)
    expect(`${problem.message} ${problem.help}`).toMatch(says)
    expect(JSON.stringify(problem)).not.toContain(key)
  })
})

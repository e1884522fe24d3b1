/** What an option's value is, as authors call it. A path is relative to the root of the repository. */
export type OptionType =
  | 'text'
  | 'a path'
  | 'a whole number'
  | 'true or false'
  | 'a list of text'
  | 'a header'
  | 'a map of headers'

/** A setting under `options` of an integration. */
export interface IntegrationOption {
  readonly type: OptionType
  /** What holds where nothing is written. */
  readonly default?: string | number | boolean
  /** For people; what its value must be, where it must be there. */
  readonly description: string
  readonly required?: true
}

/** What a type of integration is, needs and can be told; the one truth about it. */
export interface IntegrationType {
  /** The system, for people. */
  readonly system: string
  /** An address that holds where none is written; or whether one must be. */
  readonly url: 'required' | 'optional' | 'none' | { readonly default: string }
  /** Beginnings that its address can have. Empty: any. */
  readonly protocols: readonly string[]
  /** Secrets it knows by their role; {@link SECRET_KEYS} have keys of their own, others are written under `env`. */
  readonly secrets: readonly string[]
  /** Nothing works without one of its secrets. */
  readonly needsSecret: boolean
  /** It is in the repository, and no network is needed. */
  readonly isLocal?: true
  /** By name. `undefined`: anything can stand there. */
  readonly options?: Readonly<Record<string, IntegrationOption>>
}

/** Secrets with a key of their own, by role: `token` is written as `token_env`. A secret `url` takes the place of the address. */
export const SECRET_KEYS = ['token', 'password', 'url'] as const

const HTTP = ['https:', 'http:']

const RETRIES: IntegrationOption = {
  type: 'a whole number',
  default: 2,
  description: 'Further tries of a request that can be repeated, after 429 or 5xx',
}
const WRITE: IntegrationOption = {
  type: 'true or false',
  default: false,
  description: 'Lets sql_execute change the database',
}
const MAX_ROWS: IntegrationOption = {
  type: 'a whole number',
  default: 1000,
  description: 'Most rows that one statement gives back',
}
const TLS: IntegrationOption = {
  type: 'true or false',
  description: 'Speak through TLS and check the certificate; absent: yes, but on this machine',
}
const CA: IntegrationOption = {
  type: 'a path',
  description: 'Certificates in PEM that vouch for the server; absent: those of Node',
}
const REPOSITORY: IntegrationOption = {
  type: 'text',
  description: 'Repository that is meant where a call names none, as owner/name',
}

/** Every type of integration, in the order in which they are documented. */
export const INTEGRATION_TYPES = {
  http: {
    system: 'Any API over HTTP',
    url: 'required',
    protocols: HTTP,
    secrets: ['token', 'password'],
    needsSecret: false,
    options: {
      header: { type: 'a header', description: 'Header that takes the token as it is, such as X-Api-Key' },
      query_key: { type: 'text', description: 'Parameter of the address that takes the token' },
      headers: { type: 'a map of headers', description: 'Further headers of every request; not for secrets' },
      openapi: { type: 'a path', description: 'OpenAPI document in the repository; gives tools' },
      operations: {
        type: 'a list of text',
        description: 'Operations of the document that become tools; absent: all',
      },
      retries: RETRIES,
    },
  },
  github: {
    system: 'GitHub',
    url: { default: 'https://api.github.com' },
    protocols: HTTP,
    secrets: ['token'],
    needsSecret: true,
    options: { repository: REPOSITORY, retries: RETRIES },
  },
  gitlab: {
    system: 'GitLab',
    url: { default: 'https://gitlab.com' },
    protocols: HTTP,
    secrets: ['token'],
    needsSecret: true,
    options: { repository: REPOSITORY, retries: RETRIES },
  },
  jira: {
    system: 'Jira, in the cloud (with `username`) or on a server',
    url: 'required',
    protocols: HTTP,
    secrets: ['token', 'password'],
    needsSecret: true,
    options: { retries: RETRIES },
  },
  confluence: {
    system: 'Confluence, in the cloud (with `username`) or on a server',
    url: 'required',
    protocols: HTTP,
    secrets: ['token', 'password'],
    needsSecret: true,
    options: { retries: RETRIES },
  },
  sonar: {
    system: 'SonarQube or SonarQube Cloud',
    url: { default: 'https://sonarcloud.io' },
    protocols: HTTP,
    secrets: ['token'],
    needsSecret: true,
    options: { retries: RETRIES },
  },
  postgres: {
    system: 'PostgreSQL',
    url: 'required',
    protocols: ['postgres:', 'postgresql:'],
    secrets: ['password'],
    needsSecret: false,
    options: { write: WRITE, max_rows: MAX_ROWS, tls: TLS, ca: CA },
  },
  mysql: {
    system: 'MySQL or MariaDB',
    url: 'required',
    protocols: ['mysql:'],
    secrets: ['password'],
    needsSecret: false,
    options: { write: WRITE, max_rows: MAX_ROWS, tls: TLS, ca: CA },
  },
  sqlite: {
    system: 'A SQLite file',
    url: 'none',
    protocols: [],
    secrets: [],
    needsSecret: false,
    isLocal: true,
    options: {
      path: { type: 'a path', required: true, description: 'The file, in the repository' },
      write: WRITE,
      max_rows: MAX_ROWS,
    },
  },
  slack: {
    system: 'Slack, or what takes the same webhooks',
    url: 'required',
    protocols: HTTP,
    secrets: ['url'],
    needsSecret: false,
    options: { retries: RETRIES },
  },
  webhook: {
    system: 'An address that takes JSON',
    url: 'required',
    protocols: HTTP,
    secrets: ['url', 'token'],
    needsSecret: false,
    options: {
      header: { type: 'a header', description: 'Header that takes the token as it is, such as X-Api-Key' },
      retries: RETRIES,
    },
  },
  email: {
    system: 'Mail over SMTP',
    url: 'required',
    protocols: ['smtp:', 'smtps:'],
    secrets: ['password'],
    needsSecret: false,
    options: {
      from: { type: 'text', required: true, description: 'Address of the sender' },
      to: {
        type: 'a list of text',
        required: true,
        description: 'Who may get mail: addresses, and domains written as @example.com',
      },
      ca: CA,
    },
  },
  mcp: { system: 'An MCP server', url: 'optional', protocols: HTTP, secrets: [], needsSecret: false },
  aws: { system: 'AWS', url: 'optional', protocols: HTTP, secrets: [], needsSecret: false },
  custom: {
    system: 'Anything else, for tools of your own',
    url: 'optional',
    protocols: [],
    secrets: ['token', 'password'],
    needsSecret: false,
  },
} as const satisfies Readonly<Record<string, IntegrationType>>

/** Name of a type of integration. */
export type IntegrationTypeName = keyof typeof INTEGRATION_TYPES

/** What is known of a type by its name. An integration that names no type is of type `http`. */
export function integrationType(name: string | undefined): IntegrationType {
  return INTEGRATION_TYPES[(name ?? 'http') as IntegrationTypeName] ?? INTEGRATION_TYPES.custom
}

import { describe, expect, test } from 'vitest'
import { linkRule } from '../../../../runner/policy/links.ts'
import { neutraliseMarkdown } from '../../../../runner/report/neutralise.ts'

const HOME = 'https://forge.test/acme/app'
const OTHER = ['docs.test', '*.wiki.test', 'port.test:8443', 'http://plain.test']
const isAllowed = linkRule(OTHER, HOME)

describe('an address stays a link', () => {
  test.each([
    HOME,
    `${HOME}/`,
    `${HOME}/blob/main/src/a-b_c.ts#L10-L20`,
    `${HOME}/tree/main`,
    `${HOME}/commit/0123abc`,
    `${HOME}/pull/7`,
    `${HOME}/pull/7/files`,
    `${HOME}/issues/12#issuecomment-5`,
    `${HOME}/actions/runs/99/job/3`,
    `${HOME}/releases/tag/v1.2.3`,
    'https://forge.test/Acme/App/pull/7',
    'https://docs.test',
    'https://docs.test/guide/x%20y.html#part',
    'https://a.b.wiki.test/page',
    'https://port.test:8443/x',
    'http://plain.test/x',
  ])('%s', (address) => {
    expect(isAllowed(address)).toBe(true)
  })
})

describe('an address becomes text', () => {
  test.each([
    ['of another host', 'https://evil.test/x'],
    ['of another repository', 'https://forge.test/acme/other/pull/1'],
    ['of a repository with a longer name', 'https://forge.test/acme/application'],
    ['of the forge itself', 'https://forge.test/login/oauth/authorize'],
    ['that climbs out of the repository', `${HOME}/blob/../../../eve/x`],
    ['that climbs out in another spelling', `${HOME}/blob/%2e%2e/%2E%2e/%2e./eve/x`],
    ['of a page with a form', `${HOME}/issues/new`],
    ['of a download', `${HOME}/archive/refs/heads/main.zip`],
    ['of a page that compares with a fork', `${HOME}/compare/main...eve:main`],
    ['with a query', `${HOME}/pull/7?q=SECRET`],
    ['with a query, at a host that is allowed', 'https://docs.test/?token=SECRET'],
    ['with a name', 'https://forge.test@evil.test/acme/app'],
    ['with a name and password', 'https://a:b@docs.test/'],
    ['that only ends like one that is allowed', 'https://notdocs.test'],
    ['that only begins like one that is allowed', 'https://docs.test.evil.test'],
    ['with a dot at the end of the host', 'https://forge.test./acme/app'],
    ['with letters that look like others', 'https://dоcs.test'],
    ['with such letters in the spelling of DNS', 'https://xn--dcs-nkd.test'],
    ['in capitals', 'HTTPS://DOCS.TEST'],
    ['on another port', 'https://port.test:444'],
    ['without the port', 'https://port.test'],
    ['by plain http', 'http://docs.test'],
    ['of the forge by plain http', 'http://forge.test/acme/app'],
    ['of no scheme', '//docs.test/x'],
    ['of another scheme', 'javascript:alert(1)'],
    ['of data', 'data:text/html,x'],
    ['with backslashes', 'https:\\\\docs.test'],
    ['with one slash', 'https:/docs.test'],
    ['with an entity', `${HOME}/issues&sol;new`],
    ['with a number for a host', 'https://2130706433/'],
    ['of an IPv6 host', 'https://[::1]/'],
    ['that is very long', `https://docs.test/${'a'.repeat(500)}`],
  ])('%s', (_name, address) => {
    expect(isAllowed(address)).toBe(false)
  })
})

test('where nothing is known of the repository, only hosts that the config names count', () => {
  const rule = linkRule(['docs.test'], undefined)
  expect([rule(HOME), rule('https://docs.test/x')]).toEqual([false, true])
  expect(linkRule([], 'no address')(HOME)).toBe(false)
})

describe('in a text of a model', () => {
  const own = `${HOME}/pull/7`
  test.each([
    ['a link', `see [the **pull** @ann](${own}).`, `see [the **pull** @\u200bann](${own}).`],
    ['a bare address', `see ${own}.`, `see ${own}.`],
    ['a bare address in brackets', `(${own})`, `(${own})`],
    ['two of them', `[a](${own}) [b](${own})`, `[a](${own}) [b](${own})`],
    ['one that is allowed and one that is not', `${own} https://evil.test`, `${own} https\\://evil.test`],
    ['in a list', `- [a](${own})`, `- [a](${own})`],
    ['in a table', `| [a](${own}) | x |`, `| [a](${own}) | x |`],
    ['beside code', `\`x\` [a](${own})`, `\`x\` [a](${own})`],
    ['an image: its address can be followed, it is not fetched', `![a](${own})`, `!\\[a]\\(${own})`],
    ['an image that is a link', `[![a](${own})](${own})`, expect.not.stringMatching(/(?<!\\)\]\(/)],
    [
      'a link in an image',
      `![x [a](${own})](https://evil.test)`,
      expect.stringMatching(/^!\\\[x .*\]\\\(https\\:/),
    ],
    [
      'words that look like another address',
      `[https://bank.test](${own})`,
      `[https\\://bank.test]\\(${own.replace(':', '\\:')})`,
    ],
    ['a title: the address can be followed', `[a](${own} "x")`, `[a]\\(${own} "x")`],
    ['a reference', `[a][r]\n\n[r]: ${own}`, `[a]\\[r]\n\n[r]\\: ${own}`],
    ['in angle brackets', `<${own}>`, `&lt;${own.replace(':', '\\:')}>`],
    ['HTML', `<a href="${own}">`, `&lt;a href="${own.replace(':', '\\:')}">`],
    [
      'an address that goes on after a bracket',
      `${own}<?q=SECRET`,
      `${own.replace(':', '\\:')}&lt;?q=SECRET`,
    ],
    ['an address that goes on after a quote', `${own}"?q=SECRET`, `${own.replace(':', '\\:')}"?q=SECRET`],
    [
      'an address that goes on after a parenthesis',
      `${own})?q=SECRET`,
      `${own.replace(':', '\\:')})?q=SECRET`,
    ],
    [
      'brackets around a link',
      `[x [a](${own})](https://evil.test)`,
      `[x [a](${own})]\\(https\\://evil.test)`,
    ],
  ])('%s', (_name, text, expected) => {
    expect(neutraliseMarkdown(text, isAllowed)).toEqual(expected)
  })
})

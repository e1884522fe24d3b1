// @ts-check
// The floor of a run with models: requests with Node's own `fetch`, `width` at once, and nothing kept.
// Arguments: URL, count, width.
const [url = '', count = '0', width = '1'] = process.argv.slice(2)
const total = Number(count)
let next = 0
let characters = 0

async function work() {
  while (next < total) {
    const number = ++next
    const response = await fetch(`${url}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer none' },
      body: JSON.stringify({
        model: 'gpt-5-mini',
        messages: [
          { role: 'system', content: 'You answer in one sentence.' },
          { role: 'user', content: `Say something about number ${number}.` },
        ],
      }),
    })
    const { choices } = /** @type {any} */ (await response.json())
    characters += choices[0].message.content.length
  }
}

await Promise.all(Array.from({ length: Number(width) }, work))
if (characters === 0) process.exitCode = 1

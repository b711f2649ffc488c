/**
 * Passkeys (WebAuthn): a form with `data-passkey` asks the browser for one and sends what it says.
 *
 * `data-passkey="create"` makes a new one, `"get"` has one answer; what to ask stands in `data-options`, or is fetched
 * from `data-options-url` when the button is pressed. Such forms are hidden where the browser has no passkeys.
 */

/** Base64url, as the server writes bytes, to bytes. @param {string} text */
function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

/** And back. @param {ArrayBuffer} buffer */
function text(buffer) {
  const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const known = (each) => ({ ...each, id: bytes(each.id) });

/** The server's question in the browser's own types. */
function asked(publicKey) {
  const question = { ...publicKey, challenge: bytes(publicKey.challenge) };
  if (publicKey.user) question.user = { ...publicKey.user, id: bytes(publicKey.user.id) };
  if (publicKey.excludeCredentials) question.excludeCredentials = publicKey.excludeCredentials.map(known);
  if (publicKey.allowCredentials) question.allowCredentials = publicKey.allowCredentials.map(known);
  return { publicKey: question };
}

/** The browser's answer as the server reads it. @param {PublicKeyCredential} credential */
function answered(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  };
}

/** @param {HTMLFormElement} form */
async function optionsOf(form) {
  if (form.dataset.options) return JSON.parse(form.dataset.options);
  const answer = await fetch(form.dataset.optionsUrl, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return (await answer.json()).request_options;
}

/** What a person can do about it. @param {Error} error */
function words(error) {
  if (error.name === "InvalidStateError") return "This device has a passkey for you already.";
  if (error.name === "NotAllowedError") return "Nothing was chosen, or it took too long. Try again.";
  if (error.name === "SecurityError") return "Passkeys do not work at this address; ask an administrator.";
  return "That did not work. Load the page anew and try again.";
}

/** @param {HTMLFormElement} form */
async function ask(form) {
  const problem = form.querySelector("[data-passkey-problem]");
  const button = form.querySelector('[type="submit"]');
  problem.hidden = true;
  button.setAttribute("aria-busy", "true");
  try {
    const options = asked((await optionsOf(form)).publicKey);
    const credential =
      form.dataset.passkey === "create"
        ? await navigator.credentials.create(options)
        : await navigator.credentials.get(options);
    form.elements.namedItem("credential").value = JSON.stringify(answered(credential));
    form.submit();
  } catch (error) {
    problem.textContent = words(error);
    problem.hidden = false;
    button.removeAttribute("aria-busy");
  }
}

if (window.PublicKeyCredential && window.isSecureContext) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      ask(form);
    });
  }
  for (const missing of document.querySelectorAll("[data-passkey-missing]")) missing.hidden = true;
}

// What makes the office's pages easier. Every page works without this file, but for
// passkeys, which no browser can show without script; codes of an app do the same.
import { guardForms, showErrors } from "./forms.js";
import { offerPasskeys } from "./passkey.js";
import { offerPrint } from "./print.js";
import { watchSession } from "./session.js";

showErrors();
guardForms();
offerPrint();
offerPasskeys();
watchSession();

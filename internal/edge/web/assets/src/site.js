// What makes the pages easier for browsers that run scripts. Every page works
// without this file; nothing here decides anything.
import { mountCard } from "./card.js";
import { guardForms, showErrors } from "./forms.js";
import { groupNumbers } from "./number.js";
import { offerPrint } from "./print.js";
import { watchSession } from "./session.js";

showErrors();
groupNumbers();
mountCard();
guardForms();
offerPrint();
watchSession();

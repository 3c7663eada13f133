package auth

import (
	"embed"

	"github.com/billfold/billfold/internal/edge/web"
)

//go:embed assets/*.html
var files embed.FS

// texts are all words of the door, each in every language on one line; %d stands for
// a number.
var texts = map[string]web.Text{
	"office":         {English: "Billing office", Spanish: "Oficina de cobros"},
	"menu":           {English: "Pages of the office", Spanish: "Páginas de la oficina"},
	"sign-in":        {English: "Sign in", Spanish: "Iniciar sesión"},
	"sign-in.intro":  {English: "For the plan's own staff. Members pay without signing in on the first page.", Spanish: "Para el personal del plan. Los miembros pagan sin iniciar sesión en la página principal."},
	"sign-in.ended":  {English: "Your session has ended. Sign in again to go on.", Spanish: "Su sesión ha terminado. Inicie sesión otra vez para continuar."},
	"sign-in.left":   {English: "You have signed out.", Spanish: "Ha cerrado la sesión."},
	"sign-in.wrong":  {English: "The name or the password is wrong, or the account is not open.", Spanish: "El nombre o la contraseña no son correctos, o la cuenta no está abierta."},
	"sign-in.join":   {English: "Set up an account with an invitation", Spanish: "Configurar una cuenta con una invitación"},
	"name":           {English: "Sign-in name", Spanish: "Nombre de usuario"},
	"password":       {English: "Password", Spanish: "Contraseña"},
	"continue":       {English: "Continue", Spanish: "Continuar"},
	"limit":          {English: "Too many tries. Wait a few minutes and try again; if you forgot it, an administrator can reset your account.", Spanish: "Demasiados intentos. Espere unos minutos e intente otra vez; si la olvidó, un administrador puede restablecer su cuenta."},
	"broken":         {English: "This could not be checked because something is wrong on our side. Try again.", Spanish: "No se pudo comprobar porque algo falló de nuestro lado. Intente otra vez."},
	"second":         {English: "Second step", Spanish: "Segundo paso"},
	"second.intro":   {English: "Show that it is you with your app or your passkey.", Spanish: "Demuestre que es usted con su aplicación o su llave de acceso."},
	"second.code":    {English: "Code", Spanish: "Código"},
	"second.hint":    {English: "The six digits in your app, or one of your recovery codes.", Spanish: "Los seis dígitos de su aplicación, o uno de sus códigos de recuperación."},
	"second.wrong":   {English: "This code is wrong or was used before. Wait for the next one in your app.", Spanish: "Este código no es correcto o ya se usó. Espere el siguiente en su aplicación."},
	"passkey.use":    {English: "Use a passkey", Spanish: "Usar una llave de acceso"},
	"passkey.add":    {English: "Add a passkey", Spanish: "Agregar una llave de acceso"},
	"passkey.or":     {English: "Or with a passkey, which nobody can trick you into giving away:", Spanish: "O con una llave de acceso, que nadie puede sacarle con engaños:"},
	"passkey.say":    {English: "A passkey on this device or a security key signs you in without typing a code.", Spanish: "Una llave de acceso en este dispositivo o una llave física le permite entrar sin escribir un código."},
	"passkey.failed": {English: "The passkey did not go through. Try again, or use a code.", Spanish: "La llave de acceso no funcionó. Intente otra vez o use un código."},
	"failures":       {English: "There were %d wrong tries with your name in the last day. If they were not yours, tell an administrator.", Spanish: "Hubo %d intentos fallidos con su nombre en el último día. Si no fueron suyos, avise a un administrador."},
	"codes.left":     {English: "You have %d recovery codes left. When few are left, ask an administrator to reset your account.", Spanish: "Le quedan %d códigos de recuperación. Cuando queden pocos, pida a un administrador que restablezca su cuenta."},

	"join":               {English: "Set up your account", Spanish: "Configure su cuenta"},
	"join.intro":         {English: "You need the name and the invitation code that an administrator gave you.", Spanish: "Necesita el nombre y el código de invitación que le dio un administrador."},
	"join.code":          {English: "Invitation code", Spanish: "Código de invitación"},
	"join.code.hint":     {English: "It counts once, for three days.", Spanish: "Vale una sola vez, durante tres días."},
	"join.password":      {English: "New password", Spanish: "Contraseña nueva"},
	"join.password.hint": {English: "At least 12 characters. Several words that do not belong together are good; it may be pasted.", Spanish: "Al menos 12 caracteres. Varias palabras sin relación son una buena idea; puede pegarla."},
	"join.again":         {English: "The password again", Spanish: "La contraseña otra vez"},
	"join.differ":        {English: "The two passwords are not the same.", Spanish: "Las dos contraseñas no son iguales."},
	"join.weak":          {English: "Take a longer or less common password: at least 12 characters, not your name, and none that guessers try first.", Spanish: "Elija una contraseña más larga o menos común: al menos 12 caracteres, que no sea su nombre ni una de las primeras que se prueban."},
	"join.wrong":         {English: "The name or the invitation is wrong, or the invitation has been used or has expired.", Spanish: "El nombre o la invitación no son correctos, o la invitación ya se usó o venció."},
	"app":                {English: "Set up your second step", Spanish: "Configure su segundo paso"},
	"app.intro":          {English: "Nothing of the office opens before this is done. Scan the square with an app that shows codes, or type its key.", Spanish: "Nada de la oficina se abre antes de esto. Escanee el cuadro con una aplicación de códigos, o escriba la clave."},
	"app.picture":        {English: "A square for the camera of your app; the key below says the same.", Spanish: "Un cuadro para la cámara de su aplicación; la clave de abajo dice lo mismo."},
	"app.key":            {English: "Key", Spanish: "Clave"},
	"app.code":           {English: "The six digits that the app shows now", Spanish: "Los seis dígitos que la aplicación muestra ahora"},
	"codes":              {English: "Your recovery codes", Spanish: "Sus códigos de recuperación"},
	"codes.intro":        {English: "Print or write them down and keep them apart from your device. Each signs you in once when you have lost it. They are not shown again.", Spanish: "Imprímalos o anótelos y guárdelos aparte de su dispositivo. Cada uno le permite entrar una vez si lo pierde. No se mostrarán otra vez."},
	"codes.kept":         {English: "I have kept them", Spanish: "Ya los guardé"},

	"again":             {English: "Second step, once more", Spanish: "Segundo paso, una vez más"},
	"proof.heading":     {English: "Confirm that it is you", Spanish: "Confirme que es usted"},
	"proof.hint":        {English: "The six digits in your app: this act needs them when you showed them more than five minutes ago.", Spanish: "Los seis dígitos de su aplicación: este acto los requiere si los mostró hace más de cinco minutos."},
	"proof.missing":     {English: "Type the code in your app.", Spanish: "Escriba el código de su aplicación."},
	"proof.again":       {English: "Show a passkey instead", Spanish: "Mostrar una llave de acceso"},
	"me":                {English: "Your account", Spanish: "Su cuenta"},
	"me.roles":          {English: "Your roles", Spanish: "Sus funciones"},
	"me.factors":        {English: "Your second steps", Spanish: "Sus segundos pasos"},
	"me.kind":           {English: "What", Spanish: "Qué"},
	"me.added":          {English: "Added", Spanish: "Agregado"},
	"me.used":           {English: "Last used", Spanish: "Último uso"},
	"me.sessions":       {English: "Your sessions", Spanish: "Sus sesiones"},
	"me.sessions.intro": {English: "A session ends after 15 minutes without activity and after 12 hours at the latest.", Spanish: "Una sesión termina después de 15 minutos sin actividad y a las 12 horas a más tardar."},
	"me.fresh":          {English: "To add a passkey, show your second step once more.", Spanish: "Para agregar una llave de acceso, muestre su segundo paso una vez más."},
	"never":             {English: "Never", Spanish: "Nunca"},
	"factor.totp":       {English: "App with codes", Spanish: "Aplicación de códigos"},
	"factor.passkey":    {English: "Passkey", Spanish: "Llave de acceso"},
	"sign-out":          {English: "Sign out", Spanish: "Cerrar sesión"},
	"sign-out.all":      {English: "Sign out on every device", Spanish: "Cerrar sesión en todos los dispositivos"},
	"session.soon":      {English: "Your session ends in two minutes. What you have typed would be lost.", Spanish: "Su sesión termina en dos minutos. Se perdería lo que ha escrito."},

	"role.clerk":         {English: "Clerk", Spanish: "Auxiliar"},
	"role.specialist":    {English: "Billing specialist", Spanish: "Especialista en cobros"},
	"role.supervisor":    {English: "Supervisor", Spanish: "Supervisión"},
	"role.treasurer":     {English: "Treasurer", Spanish: "Tesorería"},
	"role.auditor":       {English: "Auditor", Spanish: "Auditoría"},
	"role.administrator": {English: "Administrator of staff", Spanish: "Administración de personal"},

	"fail.home":            {English: "Back to the office", Spanish: "Volver a la oficina"},
	"fail.tls":             {English: "This page needs a secure connection", Spanish: "Esta página requiere una conexión segura"},
	"fail.tls.body":        {English: "The office is served over TLS only. Use the address that begins with https.", Spanish: "La oficina se sirve solo por TLS. Use la dirección que empieza con https."},
	"fail.permission":      {English: "Your roles do not open this page", Spanish: "Sus funciones no abren esta página"},
	"fail.permission.body": {English: "If you need it for your work, ask an administrator.", Spanish: "Si la necesita para su trabajo, pídala a un administrador."},
	"fail.done":            {English: "That was not done", Spanish: "No se hizo"},
	"fail.done.body":       {English: "Nothing was changed. The system says:", Spanish: "No se cambió nada. El sistema dice (en inglés):"},
}

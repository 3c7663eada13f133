package registry

// UntilMoment is how long a miss waits whose look-ups took so long.
var UntilMoment = untilMoment

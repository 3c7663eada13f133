package x12

// CodeList names a list of error codes of the TA1 and the 999.
type CodeList string

// The lists, by the element that holds their codes.
const (
	CodesTA105 CodeList = "TA105" // of an interchange
	CodesAK905 CodeList = "AK905" // of a functional group
	CodesIK502 CodeList = "IK502" // of a transaction set
	CodesIK304 CodeList = "IK304" // of a segment
	CodesIK403 CodeList = "IK403" // of an element
)

const taNoError = "000"

// Meaning says a code in words.
func (l CodeList) Meaning(code string) string {
	if words, known := meanings[l][code]; known {
		return words
	}
	return "code " + shown(code) + " of " + string(l) + ", which the standard's list does not have"
}

// meanings are in our words; the codes are those of the standard's lists for
// version 00501 and of 005010X231A1.
var meanings = map[CodeList]map[string]string{
	CodesTA105: {
		taNoError:          "no error",
		taControlMismatch:  "the control numbers of ISA and IEA differ",
		"002":              "the standard named in ISA11 is not supported",
		taVersion:          "the version of the envelope (ISA12) is not supported",
		"004":              "the segment terminator is not valid",
		"005":              "the sender's qualifier (ISA05) is not valid",
		"006":              "the sender's id (ISA06) is not valid",
		"007":              "the receiver's qualifier (ISA07) is not valid",
		"008":              "the receiver's id (ISA08) is not valid",
		"009":              "the receiver's id (ISA08) is not known",
		"010":              "the authorization qualifier (ISA01) is not valid",
		"011":              "the authorization (ISA02) is not valid",
		"012":              "the security qualifier (ISA03) is not valid",
		"013":              "the security information (ISA04) is not valid",
		taDate:             "the date (ISA09) is not valid",
		taTime:             "the time (ISA10) is not valid",
		"016":              "the standard's name or repetition separator (ISA11) is not valid",
		"017":              "the version (ISA12) is not valid",
		taControlNumber:    "the control number (ISA13) is not valid",
		taAckRequested:     "the acknowledgement request (ISA14) is not valid",
		taUsage:            "the usage indicator (ISA15) is not valid",
		taGroupCount:       "the count of groups (IEA01) is not valid",
		taStructure:        "the structure of the envelope is not valid",
		taEndOfFile:        "the file ends too early",
		taContent:          "what stands in the interchange is not valid",
		taDuplicateControl: "the control number (ISA13) was used before",
		"026":              "the element separator is not valid",
		"027":              "the component separator is not valid",
		"028":              "the delivery date of a deferred delivery is not valid",
		"029":              "the delivery time of a deferred delivery is not valid",
		"030":              "the delivery time code of a deferred delivery is not valid",
		"031":              "the grade of service is not valid",
	},
	CodesAK905: {
		"1":                "this kind of group is not supported",
		"2":                "this version of the group is not supported",
		akTrailerMissing:   "the GE is missing",
		akControlMismatch:  "the control numbers of GS and GE differ",
		akSetCount:         "the count of transaction sets (GE01) is wrong",
		akControlNumber:    "the group's control number (GS06) is not valid",
		"10":               "the name of the authentication key is not known",
		"11":               "the name of the encryption key is not known",
		"12":               "the authentication or encryption asked for is not available",
		"13":               "the security recipient is not known",
		"14":               "the security originator is not known",
		"15":               "the decrypted text does not read",
		"16":               "security is not supported",
		"17":               "the length of the encrypted message is wrong",
		"18":               "the message authentication code failed",
		akDuplicateControl: "the group's control number (GS06) was used before",
		"23":               "the end of a security segment (S3E) is missing",
		"24":               "the start of a security segment (S3S) is missing",
		"25":               "the end of a security segment (S4E) is missing",
		"26":               "the start of a security segment (S4S) is missing",
	},
	CodesIK502: {
		"1":                "this kind of transaction set is not supported",
		ikTrailerMissing:   "the SE is missing",
		ikControlMismatch:  "the control numbers of ST and SE differ",
		ikSegmentCount:     "the count of segments (SE01) is wrong",
		ikSegmentsInError:  "one or more segments are in error",
		ikSetIdentifier:    "the kind of transaction set (ST01) is missing or not valid",
		ikControlNumber:    "the control number (ST02) is missing or not valid",
		"8":                "the name of the authentication key is not known",
		"9":                "the name of the encryption key is not known",
		"10":               "the authentication or encryption asked for is not available",
		"11":               "the security recipient is not known",
		"12":               "the length of the encrypted message is wrong",
		"13":               "the message authentication code failed",
		"15":               "the security originator is not known",
		"16":               "the decrypted text does not read",
		"17":               "security is not supported",
		"18":               "the transaction set stands in no group",
		"19":               "the implementation guide named in ST03 is not valid",
		ikDuplicateControl: "the control number (ST02) stands twice in its group",
		"24":               "the end of a security segment (S3E) is missing",
		"25":               "the start of a security segment (S3S) is missing",
		"26":               "the end of a security segment (S4E) is missing",
		"27":               "the start of a security segment (S4S) is missing",
		"I5":               "one or more segments break the implementation guide",
		"I6":               "the implementation guide is not supported",
	},
	CodesIK304: {
		segmentUnknown:    "a segment of this name is not known",
		segmentUnexpected: "the segment was not expected here",
		segmentMissing:    "a required segment is missing",
		"4":               "the loop occurs too often",
		segmentTooMany:    "the segment occurs too often",
		"6":               "the segment is not part of this transaction set",
		segmentSequence:   "the segment is out of order",
		segmentElements:   "the segment has elements in error",
		"I4":              "the guide does not use this segment",
		"I6":              "a segment that the guide requires here is missing",
		"I7":              "the loop occurs too seldom for the guide",
		"I8":              "the segment occurs too seldom for the guide",
		"I9":              "the guide does not use this segment here",
	},
	CodesIK403: {
		elementMissing:   "a required element is missing",
		"2":              "an element that others require is missing",
		"3":              "there are too many elements",
		"4":              "the element is too short",
		"5":              "the element is too long",
		elementCharacter: "the element has a character that is not valid",
		elementCode:      "the code is not valid",
		elementDate:      "the date is not valid",
		"9":              "the time is not valid",
		"10":             "the element excludes another that is there",
		"12":             "the element repeats too often",
		"13":             "the element has too many components",
		"I6":             "the guide does not use this code",
		"I9":             "an element that the guide requires here is missing",
		"I10":            "the guide does not use this element",
		"I11":            "the element repeats too seldom for the guide",
		elementPattern:   "the value does not fit the guide's pattern or does not add up",
		"I13":            "the guide does not use this element here",
	},
}

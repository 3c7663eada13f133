// Package demo makes the people, bills and files of the fictional plan that
// `billfold demo` runs. Everything is invented and drawn from a seed, so that
// the same seed gives the same households; only bill pay numbers differ, because
// they are random by rule.
package demo

import (
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/people/member"
)

// Source is the name under which the demonstration's own enrolment arrives.
const Source = "cedar-valley-roster"

var (
	firstNames = []string{
		"Ana", "Ben", "Carla", "David", "Elena", "Frank", "Grace", "Hugo", "Iris", "Jamal", "Keiko", "Luis", "Maria", "Noah",
		"Olga", "Pedro", "Quinn", "Rosa", "Sam", "Tara", "Uma", "Victor", "Wanda", "Ximena", "Yusuf", "Zoe", "Linh", "Minh",
		"Priya", "Omar", "Ruth", "Henry",
	}
	lastNames = []string{
		"Alvarez", "Baker", "Chen", "Diaz", "Evans", "Foster", "Garcia", "Hansen", "Ibarra", "Jones", "Kim", "Lopez", "Miller",
		"Nguyen", "Ortiz", "Patel", "Quintana", "Reyes", "Smith", "Tran", "Underwood", "Vargas", "Walker", "Xiong", "Young",
		"Zamora", "Okafor", "Rossi", "Sato", "Begay",
	}
	streets   = []string{"Juniper St", "Aspen Way", "Mesa Dr", "Cottonwood Ln", "Prairie Ave", "Sage Ct", "Larkspur Rd"}
	languages = []string{"en", "en", "en", "en", "en", "en", "es", "es", "zh", "vi"}
)

// place is a town of one of the plan's regions.
type place struct{ region, city, state, zip string }

var places = []place{
	{"front-range", "Boulder", "CO", "80301"}, {"front-range", "Longmont", "CO", "80501"},
	{"front-range", "Greeley", "CO", "80631"}, {"high-plains", "Hays", "KS", "67601"},
	{"high-plains", "Goodland", "KS", "67735"}, {"high-plains", "Colby", "KS", "67701"},
}

// People generates members in households.
type People struct {
	Members int
	Seed    uint64
	Today   calendar.Date
}

// Rows is an enrolment.Reader: it makes the rows anew at each reading, the same
// every time, and reads nothing.
func (p People) Rows(_ io.Reader, each func(enrolment.Row) error) ([]fault.Problem, error) {
	draw := rand.New(rand.NewPCG(p.Seed, 0xCEDA))
	for made, family := 0, 0; made < p.Members; family++ {
		size := min(1+draw.IntN(5), p.Members-made)
		for _, row := range p.family(draw, family, size) {
			made++
			row.Line = made
			row.Record = fmt.Sprintf("member %d", made)
			if err := each(row); err != nil {
				return nil, err
			}
		}
	}
	return nil, nil
}

func (p People) family(draw *rand.Rand, family, size int) []enrolment.Row {
	at := places[draw.IntN(len(places))]
	last := lastNames[draw.IntN(len(lastNames))]
	language := languages[draw.IntN(len(languages))]
	home := member.Address{
		Line1: fmt.Sprintf("%d %s", 100+draw.IntN(9000), streets[draw.IntN(len(streets))]), City: at.city, State: at.state, ZIP: at.zip,
	}
	id := fmt.Sprintf("CV%07d", family+1)
	rows := make([]enrolment.Row, size)
	for i := range rows {
		relationship := relationOf(i, draw)
		person := member.Person{
			Name:      member.Name{First: firstNames[draw.IntN(len(firstNames))], Last: last},
			BirthDate: p.birthday(draw, relationship), Sex: []string{"F", "M"}[draw.IntN(2)],
			SSN:          secret.New(fmt.Sprintf("9%02d%02d%04d", family/10_000%100, 10+i, family%10_000)), // 9xx is never issued
			RecordNumber: fmt.Sprintf("MR%06d%d", family+1, i), Residence: home, SpokenLanguage: language, WrittenLanguage: language,
			Region: at.region,
		}
		if i == 0 {
			person.Phone = fmt.Sprintf("%s55501%02d", map[string]string{"CO": "303", "KS": "785"}[at.state], draw.IntN(100))
		}
		rows[i] = enrolment.Row{Change: member.Change{
			Kind: member.Add, Relationship: relationship, Person: person, AsOf: p.Today,
			Identity:  member.Identity{Source: Source, SubscriberID: id, Suffix: fmt.Sprintf("%02d", i+1)},
			Coverages: []member.CoverageChange{{Line: "direct", Plan: "Cedar Silver", From: calendar.On(p.Today.Time().Year(), time.January, 1)}},
		}}
	}
	return rows
}

func relationOf(i int, draw *rand.Rand) member.Relationship {
	switch {
	case i == 0:
		return member.Self
	case i == 1 && draw.IntN(4) > 0:
		return member.Spouse
	}
	return member.Child
}

func (p People) birthday(draw *rand.Rand, r member.Relationship) calendar.Date {
	age := 25 + draw.IntN(50)
	if r == member.Child {
		age = draw.IntN(25)
	}
	return p.Today.AddYears(-age).AddDays(-draw.IntN(365))
}

/* The machine's limit: the batched methods of cgtlearn.solve in C, W patients in a vector.

   The same tableau, error norm, step control, first step, stops and dense output as
   src/cgtlearn/solve/{batch,explicit,stiff}.py, so the same steps are taken. A lane whose patient
   is done takes the next one, so that no lane is idle. One core.

   The header MODEL is written by peers/kernel.py from the traced model. It holds the sizes (STATES,
   CONSTANTS, HELD, ENTRIES, FACTORS, SWITCHES, DOSES), LOGS, the coefficients of the method (STIFF
   says which), and slopes, jacobian, held, factor and substitute, each over the W lanes. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* glibc has these for vectors; the compiler needs to be told. */
#pragma omp declare simd notinbranch
double exp(double);
#pragma omp declare simd notinbranch
double pow(double, double);

#ifndef W
#define W 16
#endif
#define LANES _Pragma("omp simd") for (int l = 0; l < W; l++)
#define UNROLLED _Pragma("GCC unroll 16")
typedef double Row[W] __attribute__((aligned(64)));

#include MODEL

static const double FIRST = 0.01, SLIVER = 1e-4, SHORTEST = 1e-13, TINY = 1e-20;
static const double NOTHING = 1e-280;

/* What one call works on. */
static const double *given, *starts, *moments, *dose_time, *dose_amount, *dose_length, *grid;
static const int *dosed;
static double *found, rtol;
static int many, points, most, waiting, failures;

static Row z[STATES], new[STATES], error[STATES], peak[STATES], stages[STAGES][STATES];
static Row c[CONSTANTS + 1], g[HELD + 1], J[ENTRIES + 1], F[FACTORS + 1], inflow[STATES], phase;
static Row t, h, step, stop, worst, after, bound, slope[STATES];
static int patient[W], next[W], steps[W], active[W], rejected[W], good[W], last[W];

static double dense(int i, int l, double share);

static void keep(int l, int at, const double *y)
{
    for (int i = 0; i < STATES; i++)
        found[((long)i * many + patient[l]) * points + at] = LOGS[i] ? exp(y[i]) : y[i];
}

/* A step in which little changes, and that is short beside every time constant. */
static double first_step(int l)
{
    double rate = 0;
    int leaves = 0;
    for (int i = 0; i < STATES; i++) {
        double size = LOGS[i] ? 1 : peak[i][l];
        if (slope[i][l] != 0 && peak[i][l] > NOTHING) rate = fmax(rate, fabs(slope[i][l]) / size);
        leaves |= peak[i][l] == NOTHING && slope[i][l] != 0;
    }
    for (int k = 0; k < PAIRS; k++)
        rate = fmax(rate, sqrt(fabs(J[PAIR[k][0]][l] * J[PAIR[k][1]][l])));
    double stretch = stop[l] - t[l];
    return fmin(FIRST / rate, leaves ? SLIVER * stretch : stretch);
}

static void take(int l);

/* Lane l stands at a stop: what changes there changes, and a new stretch begins. */
static void arrive(int l)
{
    for (;;) {
        long who = patient[l];
        double end = grid[points - 1];
        for (int d = 0; d < DOSES; d++)
            if (dose_length[who * DOSES + d] == 0 && dose_time[who * DOSES + d] == t[l]) {
                double *y = &z[dosed[d]][l], amount = dose_amount[who * DOSES + d];
                *y = LOGS[dosed[d]] ? log(exp(*y) + amount) : *y + amount;
            }
        double here[STATES];
        for (int i = 0; i < STATES; i++) {
            peak[i][l] = fmax(peak[i][l], fabs(z[i][l]));
            here[i] = z[i][l];
        }
        if (next[l] < points && grid[next[l]] == t[l]) keep(l, next[l]++, here);
        if (t[l] >= end) { take(l); return; }

        phase[l] = 0;
        stop[l] = end;
        for (int s = 0; s < SWITCHES; s++) {
            double moment = moments[who * SWITCHES + s];
            phase[l] += moment <= t[l];
            if (moment > t[l]) stop[l] = fmin(stop[l], moment);
        }
        for (int i = 0; i < STATES; i++) inflow[i][l] = 0;
        for (int d = 0; d < DOSES; d++) {
            double from = dose_time[who * DOSES + d], length = dose_length[who * DOSES + d];
            if (length > 0 && from <= t[l] && t[l] < from + length)
                inflow[dosed[d]][l] += dose_amount[who * DOSES + d] / length;
            if (from > t[l]) stop[l] = fmin(stop[l], from);
            if (from + length > t[l]) stop[l] = fmin(stop[l], from + length);
        }
        held(c, phase, inflow, g);
        slopes(t, z, c, g, slope);
        for (int i = 0; i < STATES; i++) stages[0][i][l] = slope[i][l];
        if (stop[l] - t[l] >= SHORTEST * end) {
            jacobian(t, z, c, g, J);
            h[l] = first_step(l);
            rejected[l] = 0;
            return;
        }
        for (int i = 0; i < STATES; i++) z[i][l] += (stop[l] - t[l]) * slope[i][l];
        t[l] = stop[l];
    }
}

/* Lane l takes the next patient, if there is one. */
static void take(int l)
{
    active[l] = waiting < many;
    if (!active[l]) return;
    long who = patient[l] = waiting++;
    for (int k = 0; k < CONSTANTS; k++) c[k][l] = given[(long)k * many + who];
    for (int i = 0; i < STATES; i++) {
        double y = starts[(long)i * many + who];
        z[i][l] = LOGS[i] ? log(y) : y;
        peak[i][l] = fmax(fabs(z[i][l]), NOTHING);
    }
    t[l] = 0;
    next[l] = steps[l] = 0;
    arrive(l);
}

static inline void weighted(const double *weight, int count, Row *out)
{
    for (int i = 0; i < STATES; i++)
        LANES {
            double sum = weight[0] * stages[0][i][l];
            UNROLLED for (int s = 1; s < count; s++) sum += weight[s] * stages[s][i][l];
            out[i][l] = sum;
        }
}

#if STIFF
static inline void one_step(void)
{
    Row d;
    jacobian(t, z, c, g, J);
    LANES d[l] = 1 / step[l] * (1 / GAMMA);
    factor(J, d, F);
    UNROLLED for (int s = 0; s < STAGES; s++) {
        if (s) {
            weighted(WEIGHTS[s], s, new);
            for (int i = 0; i < STATES; i++) LANES new[i][l] += z[i][l];
            slopes(t, new, c, g, stages[s]);
            weighted(COUPLED[s], s, error);
            for (int i = 0; i < STATES; i++) LANES stages[s][i][l] += error[i][l] / step[l];
        } else
            slopes(t, z, c, g, stages[s]);
        substitute(F, stages[s]);
    }
    for (int i = 0; i < STATES; i++)
        LANES {
            error[i][l] = stages[STAGES - 1][i][l];
            new[i][l] += error[i][l];
        }
}

static double dense(int i, int l, double share)
{
    double two = 0, three = 0, four = 0, rest = 1 - share;
    for (int s = 0; s < STAGES; s++) {
        two += DENSE[0][s] * stages[s][i][l];
        three += DENSE[1][s] * stages[s][i][l];
        four += DENSE[2][s] * stages[s][i][l];
    }
    return rest * z[i][l] + share * (new[i][l] + rest * (two + share * (three + share * four)));
}
#else
static inline void one_step(void)
{
    UNROLLED for (int s = 1; s < STAGES; s++) {
        weighted(WEIGHTS[s], s, new);
        for (int i = 0; i < STATES; i++) LANES new[i][l] = new[i][l] * step[l] + z[i][l];
        slopes(t, new, c, g, stages[s]);
    }
    weighted(ERRORS[0], STAGES, error);
    for (int i = 0; i < STATES; i++) LANES error[i][l] *= step[l];
}

static double dense(int i, int l, double share)
{
    double extra = 0, size = step[l], rise = new[i][l] - z[i][l], rest = 1 - share;
    for (int s = 0; s < STAGES; s++) extra += DENSE[0][s] * stages[s][i][l];
    double first = size * stages[0][i][l] - rise;
    double end = rise - size * stages[STAGES - 1][i][l] - first;
    return z[i][l] + share * (rise + rest * (first + share * (end + rest * extra * size)));
}
#endif

/* A short step for a lane in which a state leaves zero in a long one; else infinity. */
static double wakes(int l)
{
    int woken = 0;
    for (int i = 0; i < STATES; i++) woken |= peak[i][l] == NOTHING && fabs(new[i][l]) > NOTHING;
    if (!woken) return INFINITY;
    slopes(t, z, c, g, slope);
    jacobian(t, z, c, g, J);
    double brief = fmin(first_step(l), SLIVER * (stop[l] - t[l]));
    brief = fmax(brief, 1e-12 * stop[l]);
    return step[l] > brief * (1 + 1e-9) ? brief : INFINITY;
}

static void advance(void)
{
    LANES {
        double left = stop[l] - t[l];
        last[l] = h[l] >= left * (1 - 1e-9);
        step[l] = last[l] ? left : h[l] > 0.5 * left ? 0.5 * left : h[l];
        after[l] = last[l] ? stop[l] : t[l] + step[l];
        worst[l] = 0;
    }
    one_step();
    Row total = {0}, asleep = {0};
    for (int i = 0; i < STATES; i++)
        LANES {
            double size = fmax(fmax(fabs(z[i][l]), fabs(new[i][l])), TINY / rtol * peak[i][l]);
            double share = fabs(error[i][l]) / (LOGS[i] ? rtol : rtol * size);
            share = !LOGS[i] && peak[i][l] == NOTHING ? 0 : share;
            worst[l] = share > worst[l] ? share : worst[l];
            asleep[l] += peak[i][l] == NOTHING && fabs(new[i][l]) > NOTHING;
            total[l] += new[i][l] + share;
        }
    LANES worst[l] = total[l] - total[l] == 0 ? worst[l] : INFINITY;
    for (int l = 0; l < W; l++) {
        bound[l] = INFINITY;
        if (asleep[l] && active[l]) {
            bound[l] = wakes(l);
            if (bound[l] < INFINITY) worst[l] = INFINITY;
        }
    }
    for (int l = 0; l < W; l++) {
        good[l] = worst[l] <= 1 && active[l];
        if (!good[l]) continue;
        while (next[l] < points && grid[next[l]] < after[l]) {
            double here[STATES], share = (grid[next[l]] - t[l]) / step[l];
            for (int i = 0; i < STATES; i++) here[i] = dense(i, l, share);
            keep(l, next[l]++, here);
        }
    }
    LANES {
        double factor = 0.9 * pow(worst[l], -0.2);
        factor = worst[l] < INFINITY ? factor : 0.2;
        factor = fmin(fmax(factor, 0.2), rejected[l] ? 1.0 : 10.0);
        h[l] = fmin(step[l] * factor, bound[l]);
        t[l] = good[l] ? after[l] : t[l];
        rejected[l] = !good[l];
    }
    for (int i = 0; i < STATES; i++)
        LANES {
            z[i][l] = good[l] ? new[i][l] : z[i][l];
            peak[i][l] = fmax(peak[i][l], fabs(z[i][l]));
#if !STIFF
            stages[0][i][l] = good[l] ? stages[STAGES - 1][i][l] : stages[0][i][l];
#endif
        }
    for (int l = 0; l < W; l++) {
        if (!active[l]) continue;
        if (good[l] && last[l])
            arrive(l);
        else if (++steps[l] >= most || (!good[l] && t[l] + h[l] == t[l])) {
            failures++;
            take(l);
        }
    }
}

/* Solve every patient; return how many failed. Constants are (CONSTANTS, many), starts (STATES,
   many), switches and doses one row a patient, out (STATES, many, points). */
int solve(int n, int count, const double *times, double tolerance, int limit,
          const double *constants, const double *start, const double *switches,
          const double *times_of_doses, const double *amounts, const double *lengths,
          const int *states_of_doses, double *out)
{
    many = n, points = count, grid = times, rtol = tolerance, most = limit;
    given = constants, starts = start, moments = switches, dose_time = times_of_doses;
    dose_amount = amounts, dose_length = lengths, dosed = states_of_doses, found = out;
    waiting = failures = 0;
    int going = 0;
    for (int l = 0; l < W; l++) {
        for (int i = 0; i < STATES; i++) z[i][l] = new[i][l] = peak[i][l] = 1;
        t[l] = h[l] = 0;
        stop[l] = 1;
    }
    for (int l = 0; l < W; l++) take(l);
    do {
        advance();
        going = 0;
        for (int l = 0; l < W; l++) going |= active[l];
    } while (going);
    return failures;
}

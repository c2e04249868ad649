# Exposure-response: stats::glm, the negative binomial likelihood by stats::optim, survival::coxph.
# Rscript response.R <folder with the data>, which also holds json.R

library(survival)

folder <- commandArgs(trailingOnly = TRUE)[1]
source(file.path(folder, "json.R"))
data_of <- function(name) read.csv(file.path(folder, paste0(name, ".csv")))

regression <- function(names, coefficients, errors, loglik) {
  list(
    coefficients = setNames(as.list(unname(coefficients)), names),
    errors = setNames(as.list(unname(errors)), names),
    loglik = as.numeric(loglik)
  )
}
both <- c("exposure", "age")

events <- data_of("events")
fit <- glm(event ~ log2(exposure) + age, binomial, events, epsilon = 1e-14, maxit = 100)
logistic <- regression(
  c("intercept", both), coef(fit), sqrt(diag(vcov(fit))), logLik(fit)
)

# The likelihood itself: no package of stock R but MASS has this regression.
counts <- data_of("counts")
x <- model.matrix(~ log2(exposure) + age, counts)
minus <- function(p) {
  mean <- counts$follow_up * exp(drop(x %*% p[1:3]))
  -sum(dnbinom(counts$count, size = exp(-p[4]), mu = mean, log = TRUE))
}
start <- c(coef(glm(count ~ log2(exposure) + age + offset(log(follow_up)), poisson, counts)), 0)
scale <- c(1, 0.1, 0.01, 1)
fit <- optim(start, minus, method = "BFGS", hessian = TRUE,
             control = list(reltol = 1e-15, maxit = 1000, parscale = scale))
negative_binomial <- regression(
  c("intercept", both), fit$par[1:3], sqrt(diag(solve(fit$hessian)))[1:3], -fit$value
)
negative_binomial$dispersion <- unname(exp(fit$par[4]))

cox <- function(fit, names) {
  regression(names, coef(fit), sqrt(diag(vcov(fit))), fit$loglik[2])
}
plain <- data_of("survival")
exact <- coxph.control(eps = 1e-12, iter.max = 50)
fit <- coxph(Surv(stop, event) ~ log2(exposure) + age, plain, control = exact)
cox_plain <- cox(fit, both)

stretches <- data_of("stretches")
fit <- coxph(Surv(start, stop, event) ~ log2(exposure) + age, stretches, control = exact)
cox_varying <- cox(fit, both)

again <- data_of("recurrent")
without <- coxph(Surv(start, stop, event) ~ log2(exposure) + age, again, control = exact)
fit <- coxph(Surv(start, stop, event) ~ log2(exposure) + age + frailty(id, "gamma", eps = 1e-9),
             again, control = coxph.control(eps = 1e-10, iter.max = 50, outer.max = 100))
cox_frailty <- regression(both, coef(fit), sqrt(diag(vcov(fit)))[1:2], fit$history[[1]]$c.loglik)
cox_frailty$theta <- fit$history[[1]]$theta
# Twice what the frailty adds to the log-likelihood from which it has been integrated out.
cox_frailty$gain <- 2 * (fit$history[[1]]$c.loglik - without$loglik[2])

cat(as_json(list(
  logistic = logistic, negative_binomial = negative_binomial, cox = cox_plain,
  cox_varying = cox_varying, cox_frailty = cox_frailty
)), "\n")
